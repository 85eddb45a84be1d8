//! What is found once a row.

use super::{HIGH_W, LOW_W, ROOT_VARIANCE_W, ROOT_W, SOURCE, VALUE_W, Widths};
use crate::{
    blocks::{Assembly, Library, geometry::clog2, leaf},
    emit::Shell,
    leaves,
    netlist::{Contract, Interface, Module, Payload, Role},
};
use askama::Template;
use std::sync::Arc;

#[derive(Template)]
#[template(path = "rtl/layernorm_scale.v")]
struct ScaleBody<'a> {
    shell: &'a Shell,
    channels_w: u32,
    sum_w: u32,
    squares_w: u32,
    variance_w: u32,
    factor_w: u32,
    term_w: u32,
    total_w: u32,
    root_w: u32,
    steps: u32,
    step_w: u32,
    half: u32,
    value_w: u32,
    sum_digits: &'a str,
    first_digit: &'a str,
    variance: String,
}

/// What is found once a row.
pub fn elaborate(library: &mut Library, w: Widths) -> Arc<Module> {
    let mut unit = Assembly::new(outside(w));
    unit.place("normalise", &leaf::elaborate(library, &leaves::RsqrtNormalise::new(), SOURCE));
    unit.place("segment", &leaf::elaborate(library, &leaves::RsqrtSegment::new(), SOURCE));
    unit.place("interpolate", &leaf::elaborate(library, &leaves::RsqrtInterpolate::new(), SOURCE));
    joints(&mut unit);
    let even = w.sum().is_multiple_of(2);
    library.add(unit.finish(), |shell| {
        ScaleBody {
            shell,
            channels_w: w.channels(),
            sum_w: w.sum(),
            squares_w: w.squares(),
            variance_w: w.variance(),
            factor_w: w.factor(),
            term_w: w.term(),
            total_w: w.total(),
            root_w: ROOT_W,
            steps: w.steps(),
            step_w: clog2(w.steps().into()),
            half: LOW_W - 1,
            value_w: VALUE_W,
            sum_digits: if even { "sum_q" } else { "{1'b0, sum_q}" },
            first_digit: if even { "sum_i[SUM_W-1 -: 2]" } else { "{1'b0, sum_i[SUM_W-1]}" },
            variance: match ROOT_VARIANCE_W - w.variance() {
                0 => "total_q".into(),
                pad => format!("{{{pad}'d0, total_q[VARIANCE_W-1:0]}}"),
            },
        }
        .render()
    })
}

/// Name, contract and ports.
fn outside(w: Widths) -> Module {
    let mut module = Module::new(
        "layernorm_scale",
        None,
        "from the sums of a row to what its channels are multiplied by and moved by, in small steps",
        SOURCE,
    );
    module.contract = Contract {
        latency: format!("{} cycles", w.steps() + ROOT_W / 2 + 4),
        interval: "one row after the other".into(),
        numbers: "V = N*S2 - S1^2 exact; R = 1/sqrt(V) by table and interpolation; N*R and half - R*S1 exact".into(),
    };
    let bits = Payload::Bits;
    let sums = Interface::new(
        "sums",
        Role::Input,
        "Whether the row is not normalised, its channels, their sum and that of their squares, taken with start when idle",
    )
    .plain_input("start", 1, bits)
    .plain_input("plain", 1, bits)
    .plain_input("channels", w.channels(), bits)
    .of("CHANNELS_W")
    .plain_input("sum", w.sum(), bits)
    .of("SUM_W")
    .plain_input("squares", w.squares(), bits)
    .of("SQUARES_W");
    let scale =
        Interface::new("scale", Role::Output, "N*R, three times N*R, half - R*S1, and the distance; held until taken")
            .plain_output("done", 1, bits)
            .plain_input("taken", 1, bits);
    let scale = w.constants().into_iter().fold(scale, |scale, (name, _, width)| scale.plain_output(name, width, bits));
    let scale = scale.widths(&[("factor", "FACTOR_W"), ("triple", "FACTOR_W+2"), ("offset", "TERM_W")]);
    module.interfaces = vec![Interface::clock(), sums, scale];
    module
}

/// The leaves of the root, and the steps between them.
fn joints(unit: &mut Assembly) {
    unit.net("variance", ROOT_VARIANCE_W);
    unit.fields(("normalise", "in"), &[("variance", "variance")]);
    unit.net("pair", HIGH_W);
    unit.net("mantissa", VALUE_W);
    unit.fields(("normalise", "out"), &[("pair", "pair"), ("mantissa", "mantissa")]);
    unit.net("segment", 7);
    unit.net("fraction", 9);
    unit.registers(["segment", "fraction"], ["mantissa"]);
    unit.fields(("segment", "in"), &[("segment", "segment")]);
    for (field, net, register, width) in [("base", "base", "base_q", ROOT_W), ("step", "rise", "rise_q", 10)] {
        unit.net(net, width);
        unit.register(register, width, [net]);
        unit.fields(("segment", "out"), &[(field, net)]);
        unit.fields(("interpolate", "in"), &[(field, register)]);
    }
    unit.net("root", ROOT_W);
    unit.fields(("interpolate", "in"), &[("fraction", "fraction")]);
    unit.fields(("interpolate", "out"), &[("root", "root")]);
    let (sums, scale) = (unit.own("sums"), unit.own("scale"));
    let products: Vec<String> = scale.driven().into_iter().filter(|port| *port != scale.net("distance")).collect();
    unit.registers(
        [products, vec!["variance".into()]].concat(),
        [sums.read(), vec![scale.net("taken"), "root".into()]].concat(),
    );
    unit.registers([scale.net("distance")], ["pair"]);
}
