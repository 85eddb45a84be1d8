<%- import "parts/length_errors.v" as length_errors -%>
@{ shell.header }@

module @{ shell.name }@ (
@{ shell.ports }@
);

    localparam N          = @{ n }@;
    localparam VALUE_W    = @{ value_w }@;
    localparam SHIFT_W    = @{ shift_w }@;
    localparam DIGITS     = VALUE_W / 2;
    localparam DISTANCE_W = @{ distance_w }@;
    localparam COUNT_W    = @{ count_w }@;
    localparam STAGES     = @{ stages }@;

@{ shell.declare("enable a_float b_float one two negative a_distance_q b_distance_q other") }@

    // The job of a segment waits in registers before the segment's first vector, and gives way with its last.
    reg                  job_valid_q;
    reg                  job_scale_q;
    reg                  job_a_float_q;
    reg                  job_b_float_q;
    reg [DISTANCE_W-1:0] job_a_distance_q;
    reg [DISTANCE_W-1:0] job_b_distance_q;
    reg [DIGITS-1:0]     job_one_q;
    reg [DIGITS-1:0]     job_two_q;
    reg [DIGITS-1:0]     job_negative_q;

    // All stages move together, whenever the sum at the end is taken or none.
    reg [STAGES-1:0] valid_q;
    reg [STAGES-1:0] last_q;
    assign enable = !valid_q[STAGES-1] || sum_ready_i;
    wire   open   = enable && job_valid_q;
    wire   take   = open && a_valid_i && (job_scale_q || b_valid_i);
    assign a_ready_o   = open && (job_scale_q || b_valid_i);
    assign b_ready_o   = open && !job_scale_q && a_valid_i;
    assign job_ready_o = !job_valid_q || (take && a_last_i);

    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) job_valid_q <= 1'b0;
        else if (job_ready_o) job_valid_q <= job_valid_i;
    end

    // A shift as a distance from where a left shift puts every number but zero out of range, to where a right
    // shift leaves nothing: 0 to 63.
    function [DISTANCE_W-1:0] distance;
        input [SHIFT_W-1:0] shift;
        reg [SHIFT_W:0] far;
        begin
            far = {shift[SHIFT_W-1], shift} + @{ shift_w + 1 }@'d@{ summand_w }@;
            if (far[SHIFT_W]) distance = {DISTANCE_W{1'b0}};
            else distance = far[DISTANCE_W-1:0] | {DISTANCE_W{far[DISTANCE_W]}};
        end
    endfunction

    // The gain, one in a sum, in digits of -2 to 2: whether a digit takes the operand once or twice, and its
    // sign.
    wire [VALUE_W:0] gain = {job_scale_i ? job_gain_i : {{(VALUE_W-1){1'b0}}, 1'b1}, 1'b0};
    integer d;
    always @(posedge clk_i) begin
        if (job_ready_o) begin
            job_scale_q      <= job_scale_i;
            job_a_float_q    <= job_a_float_i;
            job_b_float_q    <= job_b_float_i;
            job_a_distance_q <= distance(job_a_shift_i);
            job_b_distance_q <= distance(job_b_shift_i);
            for (d = 0; d < DIGITS; d = d + 1) begin
                job_one_q[d]      <= gain[2*d] ^ gain[2*d+1];
                job_two_q[d]      <= gain[2*d] == gain[2*d+1] && gain[2*d+1] != gain[2*d+2];
                job_negative_q[d] <= gain[2*d+2];
            end
        end
    end

    // What a stage needs of the job travels to it with the vectors.
    always @(posedge clk_i or negedge rst_ni) begin
        if (!rst_ni) valid_q <= {STAGES{1'b0}};
        else if (enable) valid_q <= {valid_q[STAGES-2:0], take};
    end

    always @(posedge clk_i) begin
        if (enable) begin
            last_q       <= {last_q[STAGES-2:0], a_last_i};
            a_distance_q <= job_a_distance_q;
            b_distance_q <= job_b_distance_q;
        end
    end

    assign a_float  = job_a_float_q;
    assign b_float  = job_b_float_q;
    assign one      = job_one_q;
    assign two      = job_two_q;
    assign negative = job_negative_q;
    assign other    = b_data_i & {(N*VALUE_W){!job_scale_q}};

@{ shell.instances }@

    assign sum_valid_o = valid_q[STAGES-1];
    assign sum_last_o  = last_q[STAGES-1];

    // The segment ends with a; a b that ends elsewhere is counted.
    <% call length_errors::count("take && !job_scale_q && a_last_i != b_last_i") %><% endcall %>

endmodule
