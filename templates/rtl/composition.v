@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);
<%- if !shell.nets.is_empty() %>

@{ shell.nets }@
<%- endif %>

@{ shell.instances }@

endmodule
