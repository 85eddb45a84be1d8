/* How the driver reaches registers in a simulation: by two functions of the testbench. */
#include <stdint.h>

uint32_t alberti_read(uintptr_t base, uint32_t offset);
void alberti_write(uintptr_t base, uint32_t offset, uint32_t value);
void bench_attach(uint32_t (*read)(uintptr_t, uint32_t), void (*write)(uintptr_t, uint32_t, uint32_t));

static uint32_t (*bench_read)(uintptr_t, uint32_t);
static void (*bench_write)(uintptr_t, uint32_t, uint32_t);

void bench_attach(uint32_t (*read)(uintptr_t, uint32_t), void (*write)(uintptr_t, uint32_t, uint32_t))
{
    bench_read = read;
    bench_write = write;
}

uint32_t alberti_read(uintptr_t base, uint32_t offset)
{
    return bench_read(base, offset);
}

void alberti_write(uintptr_t base, uint32_t offset, uint32_t value)
{
    bench_write(base, offset, value);
}
