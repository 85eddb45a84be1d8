read_liberty @{liberty}@
<% if boxes %>read_liberty boxes.lib
<% endif %><% for netlist in netlists %>read_verilog @{netlist}@
<% endfor %>link_design @{top}@
set_cmd_units -time ps -capacitance fF
read_sdc constraints.sdc

proc named {ports} { set found {}; foreach port $ports { foreach p [get_ports $port] { lappend found $p } }; return $found }
proc longest {group from to} {
  if {[llength $from] == 0 || [llength $to] == 0} { return }
  foreach end [find_timing_paths -from $from -to $to -path_delay max] {
    set start [get_property [get_property $end startpoint] full_name]
    set stop [get_property [get_property $end endpoint] full_name]
    puts "@path $group [get_property $end slack] $start $stop"
    # The path in hand, where OpenSTA has the command: a new report_checks would search again.
    if {[catch {
      ::sta::set_report_path_fields 0 0 0 0
      ::sta::set_report_path_format full
      ::sta::set_report_path_digits 2
      ::sta::report_path_end $end
    }]} {
      report_checks -from $from -to $to -path_delay max -format full -digits 2
    }
    puts "@end"
  }
}
set inputs [named {<% for port in inputs %>@{port}@ <% endfor %>}]
set outputs [named {<% for port in outputs %>@{port}@ <% endfor %>}]
set launch [all_registers -clock_pins]
set capture [all_registers -data_pins]
longest register_to_register $launch $capture
longest input_to_register $inputs $capture
longest register_to_output $launch $outputs
longest input_to_output $inputs $outputs
puts "@done"
