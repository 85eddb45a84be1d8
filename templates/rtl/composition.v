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
<%- if !shell.nets.is_empty() %>

@{ shell.nets }@
<%- endif %>

@{ shell.instances }@

endmodule
