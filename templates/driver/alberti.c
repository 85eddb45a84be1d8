/* SPDX-License-Identifier: Apache-2.0 */
/* Driver of the accelerator @{ design.name }@ (hash @{ design.hash }@). Generated: edit the design, not this file. */
#include "alberti.h"

#ifndef ALBERTI_ACCESS
static uint32_t alberti_read(uintptr_t base, uint32_t offset)
{
    return *(const volatile uint32_t *)(base + offset);
}

static void alberti_write(uintptr_t base, uint32_t offset, uint32_t value)
{
    *(volatile uint32_t *)(base + offset) = value;
}
#endif

static uint32_t get(const struct alberti_handle *accelerator, uint32_t offset)
{
    return alberti_read(accelerator->base, offset);
}

static void put(const struct alberti_handle *accelerator, uint32_t offset, uint32_t value)
{
    alberti_write(accelerator->base, offset, value);
}

static uint32_t is_busy(const struct alberti_handle *accelerator)
{
    return (get(accelerator, ALB_STATUS_OFFSET) & ALB_STATUS_BUSY_MASK) >> ALB_STATUS_BUSY_SHIFT;
}

enum alberti_result alberti_probe(struct alberti_handle *accelerator, uintptr_t base)
{
    const uint32_t major = ALB_VERSION_RESET & ALB_VERSION_MAJOR_MASK;

    accelerator->base = base;
    accelerator->causes = 0;
    if (get(accelerator, ALB_MAGIC_OFFSET) != ALB_MAGIC_RESET)
        return ALBERTI_NO_ACCELERATOR;
    if ((get(accelerator, ALB_VERSION_OFFSET) & ALB_VERSION_MAJOR_MASK) != major)
        return ALBERTI_OTHER_VERSION;
    if (get(accelerator, ALB_HASH_LOW_OFFSET) != ALB_HASH_LOW_RESET
        || get(accelerator, ALB_HASH_HIGH_OFFSET) != ALB_HASH_HIGH_RESET)
        return ALBERTI_OTHER_DESIGN;
    return ALBERTI_OK;
}

enum alberti_result alberti_load(const struct alberti_handle *accelerator, const struct alberti_job *job)
{
<%- if address_max < u64::MAX %>
    if (job->program > ALBERTI_ADDRESS_MAX || job->data > ALBERTI_ADDRESS_MAX)
        return ALBERTI_ADDRESS;
<%- endif %>
    if (is_busy(accelerator))
        return ALBERTI_BUSY;
    put(accelerator, ALB_PROGRAM_BASE_OFFSET, (uint32_t)job->program);
    put(accelerator, ALB_DATA_BASE_OFFSET, (uint32_t)job->data);
<%- if address_max > u64::from(u32::MAX) %>
    put(accelerator, ALB_PROGRAM_BASE_HIGH_OFFSET, (uint32_t)(job->program >> 32));
    put(accelerator, ALB_DATA_BASE_HIGH_OFFSET, (uint32_t)(job->data >> 32));
<%- endif %>
    put(accelerator, ALB_PROGRAM_LENGTH_OFFSET, job->bytes);
    put(accelerator, ALB_ENTROPY_THRESHOLD_OFFSET, job->entropy_threshold & ALB_ENTROPY_THRESHOLD_MASK);
    return ALBERTI_OK;
}

enum alberti_result alberti_start(struct alberti_handle *accelerator)
{
    if (is_busy(accelerator))
        return ALBERTI_BUSY;
    put(accelerator, ALB_INTERRUPT_CAUSE_OFFSET, UINT32_MAX);
    accelerator->causes = 0;
    put(accelerator, ALB_CONTROL_OFFSET, ALB_CONTROL_START_MASK);
    return ALBERTI_OK;
}

void alberti_status(const struct alberti_handle *accelerator, struct alberti_status *status)
{
    const uint32_t word = get(accelerator, ALB_STATUS_OFFSET);
    uint32_t causes = get(accelerator, ALB_INTERRUPT_CAUSE_OFFSET);

    /* After the register: what an interrupt takes between the two is seen here. */
    causes |= accelerator->causes;
    status->busy = (word & ALB_STATUS_BUSY_MASK) >> ALB_STATUS_BUSY_SHIFT;
    status->done = (word & ALB_STATUS_DONE_MASK) >> ALB_STATUS_DONE_SHIFT;
    status->fault = (enum alberti_fault)((word & ALB_STATUS_ERROR_CODE_MASK) >> ALB_STATUS_ERROR_CODE_SHIFT);
    status->early = (causes & ALB_INTERRUPT_CAUSE_EARLY_EXIT_MASK) >> ALB_INTERRUPT_CAUSE_EARLY_EXIT_SHIFT;
    status->exit_layer = status->early ? get(accelerator, ALB_EXIT_LAYER_OFFSET) : 0;
    status->instruction = get(accelerator, ALB_PROGRAM_COUNTER_OFFSET);
    status->address = get(accelerator, ALB_ERROR_ADDRESS_OFFSET);
}

enum alberti_result alberti_wait(const struct alberti_handle *accelerator, uint32_t reads)
{
    while (reads-- > 0)
        if (!is_busy(accelerator))
            return ALBERTI_OK;
    return ALBERTI_BUSY;
}

void alberti_stop(const struct alberti_handle *accelerator)
{
    put(accelerator, ALB_CONTROL_OFFSET, ALB_CONTROL_SOFT_RESET_MASK);
}

void alberti_watchdog(const struct alberti_handle *accelerator, uint32_t cycles)
{
    put(accelerator, ALB_WATCHDOG_LIMIT_OFFSET, cycles);
}

void alberti_enable(const struct alberti_handle *accelerator, uint32_t causes)
{
    put(accelerator, ALB_INTERRUPT_ENABLE_OFFSET, causes);
}

uint32_t alberti_interrupt(struct alberti_handle *accelerator)
{
    const uint32_t causes = get(accelerator, ALB_INTERRUPT_CAUSE_OFFSET);

    /* Noted before they are cleared: alberti_status finds them in one place or the other. */
    accelerator->causes |= causes;
    put(accelerator, ALB_INTERRUPT_CAUSE_OFFSET, causes);
    return causes;
}

void alberti_clear(const struct alberti_handle *accelerator)
{
    put(accelerator, ALB_COUNTERS_OFFSET, ALB_COUNTERS_CLEAR_MASK);
}

void alberti_count(const struct alberti_handle *accelerator, struct alberti_counters *counters)
{
    put(accelerator, ALB_COUNTERS_OFFSET, ALB_COUNTERS_SNAPSHOT_MASK);
<%- for counter in counters %>
    counters->@{ counter.name }@ = get(accelerator, ALB_@{ counter.register.to_uppercase() }@_OFFSET);
<%- endfor %>
}
