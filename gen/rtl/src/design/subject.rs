//! What is read, in the words of its messages: designs and technology files share one reader.

/// A kind of file.
#[derive(Debug)]
pub(crate) struct Subject {
    /// With its article.
    pub name: &'static str,
    /// Where to find one.
    pub find: &'static str,
    /// What does not belong in one that is too large.
    pub size: &'static str,
    /// How one begins.
    pub begin: &'static str,
    /// The least that one holds.
    pub least: &'static str,
}

/// A design.
pub(crate) const DESIGN: Subject = Subject {
    name: "the design",
    find: "check the path; example designs are in designs/",
    size: "a design has a few kilobytes; weights and programs are packed from a checkpoint",
    begin: "begin with `name: …` and `datapath:`; see the example designs/pu16.yaml",
    least: "write at least name, datapath, memories and clock; see the example designs/pu16.yaml",
};
