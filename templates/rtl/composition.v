@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);
<%- if !files.is_empty() %>

    // Files to begin with: their names are <name>.<tile>.hex.
<%- for file in files %>
    parameter @{ file }@ = "";
<%- endfor %>
<%- endif %>

<% let nets = shell.declare("") %>
<%- if !nets.is_empty() %>@{ nets }@

<% endif -%>
@{ shell.instances }@

endmodule
