# Times in ps, capacitances in fF. Inputs arrive with the clock's edge and outputs are taken at the next one.
<% if let Some(clock) = clock %>create_clock -name clock -period @{period_ps}@ [get_ports {@{clock}@}]
<% else %>create_clock -name clock -period @{period_ps}@
<% endif %><% if let Some(reset) = reset %># Released synchronously; its assertion is timed by nobody.
set_false_path -from [get_ports {@{reset}@}]
<% endif %><% if inputs.len() > 0 %>set_input_delay 0 -clock clock [get_ports {<% for port in inputs %>@{port}@ <% endfor %>}]
set_driving_cell -lib_cell @{driving_cell}@ -pin @{driving_pin}@ [get_ports {<% for port in inputs %>@{port}@ <% endfor %>}]
<% endif %><% if outputs.len() > 0 %>set_output_delay 0 -clock clock [get_ports {<% for port in outputs %>@{port}@ <% endfor %>}]
set_load @{load_ff}@ [get_ports {<% for port in outputs %>@{port}@ <% endfor %>}]
<% endif %>
