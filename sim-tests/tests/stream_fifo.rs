//! `stream_fifo` against its golden, and faults that this finds.

mod common;
use common::{design, equals_its_golden, finds, pu4_with_pipeline};

equals_its_golden! { "stream_fifo":
    holds_for_four_lanes => design("pu4");
    holds_for_six_lanes => design("pu6");
    holds_for_sixteen_lanes => design("pu16");
    holds_at_another_depth => pu4_with_pipeline(3);
}

finds! { "stream_fifo":
    a_fifo_that_loses_what_comes_while_the_last_leaves_is_found: design("pu4"), "alb_stream_fifo_result.v",
        "slot_q <= used[i+1] ? slots[(i+1)*WIDTH +: WIDTH] : in_data_i" => "slot_q <= slots[(i+1)*WIDTH +: WIDTH]";
    a_fifo_that_takes_more_than_it_holds_is_found: design("pu4"), "alb_stream_fifo_result.v",
        "assign in_ready_o  = !used_q[DEPTH-1]" => "assign in_ready_o  = 1'b1";
    a_fifo_that_is_full_too_early_is_found: design("pu4"), "alb_stream_fifo_result.v",
        "assign in_ready_o  = !used_q[DEPTH-1]" => "assign in_ready_o  = !used_q[DEPTH-2]";
}

#[test]
fn a_fifo_that_keeps_its_last_entry_for_ever_is_found() {
    let change = ("alb_stream_fifo_result.v", "assign out_valid_o = used_q[0]", "assign out_valid_o = used_q[1]");
    common::hangs("stream_fifo", &design("pu4"), "a_fifo_that_keeps_its_last_entry_for_ever_is_found", change);
}
