# SPDX-License-Identifier: Apache-2.0
# Timing constraints of @{ design }@, top @{ top }@. Generated: edit the design, not this file.

set period      @{ period_ns }@
set uncertainty @{ uncertainty_ns }@
set io_delay    @{ io_ns }@
<% if clocked %>
create_clock -name clk -period $period [get_ports clk_i]
<%- else %>
# No register anywhere: the clock is virtual.
create_clock -name clk -period $period
<%- endif %>
set_clock_uncertainty $uncertainty [get_clocks clk]
<%- if reset %>

# Reset is asserted asynchronously and released by a synchroniser outside.
set_false_path -from [get_ports rst_ni]
<%- endif %>

foreach port [all_inputs] {
    if {[lsearch {clk_i rst_ni} [get_property $port full_name]] < 0} {
        set_input_delay $io_delay -clock clk $port
    }
}
set_output_delay $io_delay -clock clk [all_outputs]
