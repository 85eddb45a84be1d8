// SPDX-License-Identifier: Apache-2.0
//! Control and status registers of @{ design.name }@ (hash @{ design.hash }@). Generated: edit the design, not this file.
<% for register in map.registers %>
/// @{ register.summary }@.
pub mod @{ register.name }@ {
    /// Offset in bytes.
    pub const OFFSET: usize = @{ "0x{:02x}"|format(register.offset) }@;
    /// What it reads as after a reset, of an accelerator whose status is zero.
    pub const RESET: u32 = @{ "0x{:08x}"|format(register.reset()) }@;
<%- for field in register.fields %>
    /// @{ field.summary }@ (@{ field.access.word() }@): its lowest bit.
    pub const @{ field.capitals() }@_SHIFT: u32 = @{ field.low }@;
    /// Its bits within the register.
    pub const @{ field.capitals() }@_MASK: u32 = @{ "0x{:08x}"|format(field.mask()) }@;
<%- endfor %>
}
<% endfor -%>
