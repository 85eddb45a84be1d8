/* SPDX-License-Identifier: Apache-2.0 */
/* Control and status registers of @{ design.name }@ (hash @{ design.hash }@). Generated: edit the design, not this file. */
#ifndef ALB_REGISTERS_H
#define ALB_REGISTERS_H

/* Offsets in bytes. Of a field: its lowest bit and its mask within the register. */
<% for register in map.registers %>
/* @{ register.summary }@ */
#define ALB_@{ register.capitals() }@_OFFSET @{ "0x{:02x}u"|format(register.offset) }@
#define ALB_@{ register.capitals() }@_RESET @{ "0x{:08x}u"|format(register.reset()) }@
<%- for field in register.fields %>
#define ALB_@{ register.stem(field).to_uppercase() }@_SHIFT @{ field.low }@u
#define ALB_@{ register.stem(field).to_uppercase() }@_MASK @{ "0x{:08x}u"|format(field.mask()) }@ /* @{ field.access.word() }@: @{ field.summary }@ */
<%- endfor %>
<% endfor %>
#endif
