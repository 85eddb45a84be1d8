//! Streams between the instances of a part.

use crate::netlist::{Instance, Module};

/// A stream's nets: `<name>_valid`, `<name>_ready` and one for each field.
pub struct Wires<'a> {
    name: &'a str,
    fields: &'a [(&'a str, u32)],
}

impl<'a> Wires<'a> {
    /// Adds the nets of a stream of these fields, with their widths.
    pub fn new(module: &mut Module, name: &'a str, fields: &'a [(&'a str, u32)]) -> Self {
        for (part, width) in [("valid", 1), ("ready", 1)].iter().chain(fields) {
            module.add_nets(&[(&format!("{name}_{part}"), *width)]);
        }
        Self { name, fields }
    }

    /// Connects the instance whose stream `port` it is.
    pub fn out_of(&self, instance: Instance, port: &str) -> Instance {
        self.connect(instance, port, ["o", "i"])
    }

    /// Connects the instance that takes it as its stream `port`.
    pub fn feeding(&self, instance: Instance, port: &str) -> Instance {
        self.connect(instance, port, ["i", "o"])
    }

    fn connect(&self, instance: Instance, port: &str, [forward, back]: [&str; 2]) -> Instance {
        let fields = self.fields.iter().map(|(field, _)| (*field, forward));
        [("valid", forward), ("ready", back)].into_iter().chain(fields).fold(instance, |instance, (part, way)| {
            instance.wire(&[(&format!("{port}_{part}_{way}"), &format!("{}_{part}", self.name))])
        })
    }
}

/// Connects clock and reset.
pub fn clocked(instance: Instance) -> Instance {
    instance.wire(&[("clk_i", "clk_i"), ("rst_ni", "rst_ni")])
}

/// Connects a walk's command, which an idle address generator takes at once: fields and the nets that they come from.
pub fn commanded(instance: Instance, start: &str, fields: &[(&str, &str)]) -> Instance {
    let instance = instance.wire(&[("command_valid_i", start)]).open(&[("command_ready_o", 1)]);
    fields.iter().fold(instance, |instance, (field, net)| instance.wire(&[(&format!("command_{field}_i"), net)]))
}

/// Connects the memory port of a reader to nets, or ports, whose names begin alike and end as given.
pub fn reading(instance: Instance, stem: &str, [output, input]: [&str; 2]) -> Instance {
    memory(instance, stem, &[("valid_o", output), ("ready_i", input), ("address_o", output), ("data_i", input)])
}

/// Connects the memory port of a writer to the ports of an interface.
pub fn writing(instance: Instance, interface: &str) -> Instance {
    memory(instance, interface, &[("valid_o", "_o"), ("ready_i", "_i"), ("address_o", "_o"), ("data_o", "_o")])
}

fn memory(instance: Instance, stem: &str, parts: &[(&str, &str)]) -> Instance {
    parts.iter().fold(instance, |instance, (port, ending)| {
        let part = &port[..port.len() - 2];
        instance.wire(&[(&format!("memory_{port}"), &format!("{stem}_{part}{ending}"))])
    })
}
