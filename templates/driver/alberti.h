/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Driver of the accelerator @{ design.name }@ (hash @{ design.hash }@). Generated: edit the design, not this file.
 *
 * C99, without a library. A program, its weights and its data lie in memory that the accelerator reaches, written back from
 * caches and ordered before alberti_start; what it stored is read after it has ended.
 */
#ifndef ALBERTI_H
#define ALBERTI_H

#include "../registers/alberti_registers.h"
#include <stdint.h>

/*
 * How registers are reached. With ALBERTI_ACCESS defined, by these two functions of yours, which get the base that
 * alberti_probe was given; else as volatile words from that address on.
 */
#ifdef ALBERTI_ACCESS
uint32_t alberti_read(uintptr_t base, uint32_t offset);
void alberti_write(uintptr_t base, uint32_t offset, uint32_t value);
#endif

/* The highest address that a program or its data can have. */
#define ALBERTI_ADDRESS_MAX UINT64_C(@{ "0x{:x}"|format(address_max) }@)

/* What a call came to. */
enum alberti_result {
    ALBERTI_OK = 0,
    ALBERTI_NO_ACCELERATOR = 1,    /* there is none at this base */
    ALBERTI_OTHER_VERSION = 2, /* its registers are not those of this driver */
    ALBERTI_OTHER_DESIGN = 3,  /* programs and data for @{ design.name }@ do not fit it */
    ALBERTI_BUSY = 4,          /* a program runs */
    ALBERTI_ADDRESS = 5,       /* beyond ALBERTI_ADDRESS_MAX */
    ALBERTI_FAULT = 6          /* the program was stopped: the status says why */
};

/* Why a program was stopped. */
enum alberti_fault {
    ALBERTI_FAULT_NONE = 0,
<%- for (fault, name, meaning) in faults %>
    /* @{ meaning }@ */
    ALBERTI_FAULT_@{ name.to_uppercase() }@ = @{ fault.code() }@<% if !loop.last %>,<% endif %>
<%- endfor %>
};

/* An accelerator. */
struct alberti_handle {
    uintptr_t base;           /* of its registers */
    volatile uint32_t causes; /* what alberti_interrupt took since the last start: ALB_INTERRUPT_CAUSE_*_MASK */
};

/* A program in memory. */
struct alberti_job {
    uint64_t program;           /* its byte address */
    uint64_t data;              /* the byte address that its data addresses count from */
    uint32_t bytes;             /* its length, a multiple of 64 */
    uint32_t entropy_threshold; /* bits in Q6.10 below which it ends early, 16 of them; 0: never */
};

/* How a program stands, or ended. */
struct alberti_status {
    uint32_t busy;            /* it runs */
    uint32_t done;            /* it came to its end, early or not */
    uint32_t early;           /* it ended early */
    uint32_t exit_layer;      /* after this layer; 0 when not early */
    enum alberti_fault fault; /* why it was stopped */
    uint32_t instruction;     /* that is being issued, or that it was stopped at, counted from 0 */
    uint32_t address;         /* that the fault is about */
};

/* What was counted up to a reading. */
struct alberti_counters {
<%- for counter in counters %>
    uint32_t @{ counter.name }@; /* @{ counter.summary }@ */
<%- endfor %>
};

/* Looks whether the accelerator is at base, and is the one that this driver was generated for. */
enum alberti_result alberti_probe(struct alberti_handle *accelerator, uintptr_t base);

/* Names the program that alberti_start runs; it stays named. */
enum alberti_result alberti_load(const struct alberti_handle *accelerator, const struct alberti_job *job);

/* Starts the program. */
enum alberti_result alberti_start(struct alberti_handle *accelerator);

/* Reads how the program stands. */
void alberti_status(const struct alberti_handle *accelerator, struct alberti_status *status);

/* Reads until the program has ended, so many times at most; then ALBERTI_BUSY. */
enum alberti_result alberti_wait(const struct alberti_handle *accelerator, uint32_t reads);

/* Stops the program: wait for the end, which no interrupt tells. Registers that were written stay. */
void alberti_stop(const struct alberti_handle *accelerator);

/* Cycles without progress after which a program is stopped; 0: never. */
void alberti_watchdog(const struct alberti_handle *accelerator, uint32_t cycles);

/* Lets these causes interrupt, ALB_INTERRUPT_ENABLE_*_MASK, and no others. */
void alberti_enable(const struct alberti_handle *accelerator, uint32_t causes);

/* To be called by the interrupt's handler: takes the causes, which ends the interrupt, and returns them. */
uint32_t alberti_interrupt(struct alberti_handle *accelerator);

/* Counts from zero. */
void alberti_clear(const struct alberti_handle *accelerator);

/* Reads all counters as they were in one cycle. */
void alberti_count(const struct alberti_handle *accelerator, struct alberti_counters *counters);

#endif
