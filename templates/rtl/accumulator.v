@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);

    localparam N       = @{ n }@;
    localparam ACC_W   = @{ acc_w }@;
    localparam BIAS_W  = @{ bias_w }@;
    localparam SHIFT_W = @{ shift_w }@;
<%- if beside_w != 0 %>
    localparam JOB_W   = @{ beside_w }@;  // what else belongs to the job, above its shifts
<%- endif %>
    localparam ROW_W   = @{ row_w }@;
    localparam READ    = @{ read_at }@;  // cycles after its token that a row is read
    localparam ADD     = @{ pipeline }@;  // ... that the array adds to it
    localparam SUM     = @{ pipeline + 1 }@;  // ... that its sum comes back

@{ shell.declare("read write") }@

    // A token walks beside its vector: bit or slice c belongs to the token of c cycles ago.
    wire [SUM:0]             valid;
    wire [SUM:0]             last;
    wire [SUM:0]             close;
    wire [ADD:0]             start;
    wire [READ+1:0]          first;
    wire [(SUM+1)*ROW_W-1:0] row;
    reg  [SUM-1:0]           valid_q;
    reg  [SUM-1:0]           last_q;
    reg  [SUM-1:0]           close_q;
    reg  [ADD-1:0]           start_q;
    reg  [READ:0]            first_q;
    reg  [SUM*ROW_W-1:0]     row_q;
    assign valid = {valid_q, token_valid_i};
    assign last  = {last_q, token_last_i};
    assign close = {close_q, token_close_i};
    assign start = {start_q, token_valid_i && token_start_i};
    assign first = {first_q, token_first_i};
    assign row   = {row_q, token_row_i};

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) begin
            valid_q <= {SUM{1'b0}};
            start_q <= {ADD{1'b0}};
        end else begin
            valid_q <= valid[SUM-1:0];
            start_q <= start[ADD-1:0];
        end
    end

    always @(posedge clk_i) begin
        last_q  <= last[SUM-1:0];
        close_q <= close[SUM-1:0];
        first_q <= first[READ:0];
        row_q   <= row[SUM*ROW_W-1:0];
    end

    // The first pass needs no stored sums, the last stores none.
    assign read_enable   = valid[READ] && !first[READ];
    assign read_address  = row[READ*ROW_W +: ROW_W];
    assign write_enable  = valid[SUM] && !last[SUM];
    assign write_address = row[SUM*ROW_W +: ROW_W];

@{ shell.instances }@

    // Bias and shift of a job are taken when its first row is read, so that the rows before it have used
    // theirs.
    reg [N*BIAS_W-1:0]  bias_q;
    reg [N*SHIFT_W<% if beside_w != 0 %>+JOB_W<% endif %>-1:0] scale_q;
    reg [N*SHIFT_W<% if beside_w != 0 %>+JOB_W<% endif %>-1:0] final_scale_q;
    assign job_taken_o = start[READ];

    always @(posedge clk_i) begin
        if (start[READ]) begin
            bias_q  <= job_bias_i;
            scale_q <= job_scale_i;
        end
        if (start[ADD]) final_scale_q <= scale_q;
    end

    genvar j;
    generate
        for (j = 0; j < N; j = j + 1) begin : gen_column
<%- if bias_w < acc_w %>
            wire [ACC_W-1:0] bias = {{(ACC_W-BIAS_W){bias_q[j*BIAS_W+BIAS_W-1]}}, bias_q[j*BIAS_W +: BIAS_W]};
<%- else %>
            wire [ACC_W-1:0] bias = bias_q[j*BIAS_W +: BIAS_W];
<%- endif %>
            wire [ACC_W-1:0] addend = first[READ+1] ? bias : read_data[j*ACC_W +: ACC_W];
<%- if pipeline == 1 %>
            assign addend_o[j*ACC_W +: ACC_W] = addend;
<%- else %>
            reg [ACC_W-1:0] addend_q;
            always @(posedge clk_i) addend_q <= addend;
            assign addend_o[j*ACC_W +: ACC_W] = addend_q;
<%- endif %>
        end
    endgenerate

    assign final_valid_o = valid[SUM] && last[SUM];
    assign final_last_o  = close[SUM];
    assign final_scale_o = final_scale_q;

endmodule
