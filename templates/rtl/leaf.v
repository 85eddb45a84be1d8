@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);

@{ body }@

endmodule
