/* Driver of the machine @{ design.name }@ (hash @{ design.hash }@). Generated: edit the design, not this file. */
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

static uint32_t get(const struct alberti *machine, uint32_t offset)
{
    return alberti_read(machine->base, offset);
}

static void put(const struct alberti *machine, uint32_t offset, uint32_t value)
{
    alberti_write(machine->base, offset, value);
}

static uint32_t is_busy(const struct alberti *machine)
{
    return (get(machine, ALB_STATUS_OFFSET) & ALB_STATUS_BUSY_MASK) >> ALB_STATUS_BUSY_SHIFT;
}

enum alberti_result alberti_probe(struct alberti *machine, uintptr_t base)
{
    const uint32_t major = ALB_VERSION_RESET & ALB_VERSION_MAJOR_MASK;

    machine->base = base;
    machine->causes = 0;
    if (get(machine, ALB_MAGIC_OFFSET) != ALB_MAGIC_RESET)
        return ALBERTI_NO_MACHINE;
    if ((get(machine, ALB_VERSION_OFFSET) & ALB_VERSION_MAJOR_MASK) != major)
        return ALBERTI_OTHER_VERSION;
    if (get(machine, ALB_HASH_LOW_OFFSET) != ALB_HASH_LOW_RESET
        || get(machine, ALB_HASH_HIGH_OFFSET) != ALB_HASH_HIGH_RESET)
        return ALBERTI_OTHER_DESIGN;
    return ALBERTI_OK;
}

enum alberti_result alberti_load(const struct alberti *machine, const struct alberti_job *job)
{
<%- if address_max < u64::MAX %>
    if (job->program > ALBERTI_ADDRESS_MAX || job->data > ALBERTI_ADDRESS_MAX)
        return ALBERTI_ADDRESS;
<%- endif %>
    if (is_busy(machine))
        return ALBERTI_BUSY;
    put(machine, ALB_PROGRAM_BASE_OFFSET, (uint32_t)job->program);
    put(machine, ALB_DATA_BASE_OFFSET, (uint32_t)job->data);
<%- if address_max > u64::from(u32::MAX) %>
    put(machine, ALB_PROGRAM_BASE_HIGH_OFFSET, (uint32_t)(job->program >> 32));
    put(machine, ALB_DATA_BASE_HIGH_OFFSET, (uint32_t)(job->data >> 32));
<%- endif %>
    put(machine, ALB_PROGRAM_LENGTH_OFFSET, job->bytes);
    put(machine, ALB_ENTROPY_THRESHOLD_OFFSET, job->entropy_threshold & ALB_ENTROPY_THRESHOLD_MASK);
    return ALBERTI_OK;
}

enum alberti_result alberti_start(struct alberti *machine)
{
    if (is_busy(machine))
        return ALBERTI_BUSY;
    put(machine, ALB_INTERRUPT_CAUSE_OFFSET, UINT32_MAX);
    machine->causes = 0;
    put(machine, ALB_CONTROL_OFFSET, ALB_CONTROL_START_MASK);
    return ALBERTI_OK;
}

void alberti_status(const struct alberti *machine, struct alberti_status *status)
{
    const uint32_t word = get(machine, ALB_STATUS_OFFSET);
    uint32_t causes = get(machine, ALB_INTERRUPT_CAUSE_OFFSET);

    /* After the register: what an interrupt takes between the two is seen here. */
    causes |= machine->causes;
    status->busy = (word & ALB_STATUS_BUSY_MASK) >> ALB_STATUS_BUSY_SHIFT;
    status->done = (word & ALB_STATUS_DONE_MASK) >> ALB_STATUS_DONE_SHIFT;
    status->fault = (enum alberti_fault)((word & ALB_STATUS_ERROR_CODE_MASK) >> ALB_STATUS_ERROR_CODE_SHIFT);
    status->early = (causes & ALB_INTERRUPT_CAUSE_EARLY_EXIT_MASK) >> ALB_INTERRUPT_CAUSE_EARLY_EXIT_SHIFT;
    status->exit_layer = status->early ? get(machine, ALB_EXIT_LAYER_OFFSET) : 0;
    status->instruction = get(machine, ALB_PROGRAM_COUNTER_OFFSET);
    status->address = get(machine, ALB_ERROR_ADDRESS_OFFSET);
}

enum alberti_result alberti_wait(const struct alberti *machine, uint32_t reads)
{
    while (reads-- > 0)
        if (!is_busy(machine))
            return ALBERTI_OK;
    return ALBERTI_BUSY;
}

void alberti_stop(const struct alberti *machine)
{
    put(machine, ALB_CONTROL_OFFSET, ALB_CONTROL_SOFT_RESET_MASK);
}

void alberti_watchdog(const struct alberti *machine, uint32_t cycles)
{
    put(machine, ALB_WATCHDOG_LIMIT_OFFSET, cycles);
}

void alberti_enable(const struct alberti *machine, uint32_t causes)
{
    put(machine, ALB_INTERRUPT_ENABLE_OFFSET, causes);
}

uint32_t alberti_interrupt(struct alberti *machine)
{
    const uint32_t causes = get(machine, ALB_INTERRUPT_CAUSE_OFFSET);

    /* Noted before they are cleared: alberti_status finds them in one place or the other. */
    machine->causes |= causes;
    put(machine, ALB_INTERRUPT_CAUSE_OFFSET, causes);
    return causes;
}

void alberti_clear(const struct alberti *machine)
{
    put(machine, ALB_COUNTERS_OFFSET, ALB_COUNTERS_CLEAR_MASK);
}

void alberti_count(const struct alberti *machine, struct alberti_counters *counters)
{
    put(machine, ALB_COUNTERS_OFFSET, ALB_COUNTERS_SNAPSHOT_MASK);
<%- for counter in counters %>
    counters->@{ counter.short }@ = get(machine, ALB_@{ counter.name.to_uppercase() }@_OFFSET);
<%- endfor %>
}
