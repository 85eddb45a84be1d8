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
    find: "check the path; designs to start from are in designs/",
    size: "a design takes a few kilobytes; weights and programs are packed from a checkpoint, not written here",
    begin: "begin with `name: …` and `datapath:`; designs/pu16.yaml is a design to start from",
    least: "write at least name, datapath, memories and clock; designs/pu16.yaml is a design to start from",
};
