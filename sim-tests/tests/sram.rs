//! `sram` against its golden, and faults that this finds.

mod common;
use common::{design, equals_its_golden, finds};

equals_its_golden! { "sram":
    holds_for_four_lanes => design("edge4");
    holds_for_six_lanes => design("odd6");
    holds_for_sixteen_lanes => design("edge16");
}

finds! { "sram":
    an_sram_that_answers_with_the_word_being_written_is_found: design("edge4"), "alb_sram_accumulator.v",
        "read_data_q <= memory[read_address_i]"
        => "read_data_q <= write_enable_i && write_address_i == read_address_i ? write_data_i : memory[read_address_i]";
    an_sram_that_forgets_what_it_showed_is_found: design("edge4"), "alb_sram_accumulator.v",
        "if (read_enable_i) read_data_q" => "read_data_q";
    an_sram_that_ignores_the_top_address_bit_is_found: design("odd6"), "alb_sram_accumulator.v",
        "memory[write_address_i] <= write_data_i" => "memory[{1'b0, write_address_i[4:0]}] <= write_data_i";
}
