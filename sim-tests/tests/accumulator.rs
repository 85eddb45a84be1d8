//! `accumulator` against its golden, and faults that this finds.

mod common;
use common::{design, equals_its_golden, finds, pu4_with_pipeline, variant};

equals_its_golden! { "accumulator":
    holds_for_four_lanes => design("pu4");
    holds_for_six_lanes => design("pu6");
    holds_for_sixteen_lanes => design("pu16");
    holds_for_sums_below_the_bias_width => design("pu8_q3_5");
    holds_in_an_accelerator => design("accelerator4");
    holds_for_as_few_rows_as_can_be => variant("pu4", &[("accumulator_rows: 32", "accumulator_rows: 4")]);
    holds_for_one_register => pu4_with_pipeline(1);
    holds_for_three_registers => pu4_with_pipeline(3);
}

finds! { "accumulator":
    an_accumulator_of_16_bits_is_found: design("pu4"), "alb_accumulator.v",
        "read_data[j*ACC_W +: ACC_W]" => "{{(ACC_W-16){read_data[j*ACC_W+15]}}, read_data[j*ACC_W +: 16]}";
    an_accumulator_that_starts_from_the_sums_before_is_found: design("pu4"), "alb_accumulator.v",
        "first[READ+1] ? bias : read_data" => "read_data";
    a_bias_that_loses_its_sign_is_found: design("pu4"), "alb_accumulator.v",
        "{(ACC_W-BIAS_W){bias_q[j*BIAS_W+BIAS_W-1]}}" => "{(ACC_W-BIAS_W){1'b0}}";
    a_shift_that_is_taken_before_the_rows_ahead_used_theirs_is_found: design("pu4"), "alb_accumulator.v",
        "if (start[ADD]) final_scale_q <= scale_q" => "if (start[READ]) final_scale_q <= job_scale_i";
    an_accumulator_of_eight_rows_only_is_found: design("pu4"), "alb_accumulator.v",
        "assign write_address = row[SUM*ROW_W +: ROW_W]" => "assign write_address = row[SUM*ROW_W +: ROW_W] & 5'd7";
    an_accumulator_that_reads_a_row_before_it_is_written_is_found: design("pu4"), "alb_accumulator.v",
        "assign write_enable  = valid[SUM] && !last[SUM]" => "reg write_late; always @(posedge clk_i) write_late <= valid[SUM] && !last[SUM];\nassign write_enable  = write_late";
}
