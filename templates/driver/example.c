/* Runs a program that lies in memory and says how it ended. Generated: a start for software of your own. */
#include "alberti.h"

enum alberti_result alberti_example(uintptr_t base, const struct alberti_job *job, struct alberti_status *status);

enum alberti_result alberti_example(uintptr_t base, const struct alberti_job *job, struct alberti_status *status)
{
    struct alberti machine;
    enum alberti_result result = alberti_probe(&machine, base);

    if (result == ALBERTI_OK)
        result = alberti_load(&machine, job);
    if (result == ALBERTI_OK)
        result = alberti_start(&machine);
    if (result != ALBERTI_OK)
        return result;
    /* A program that makes no progress is stopped by the machine's own watchdog. */
    while (alberti_wait(&machine, UINT32_MAX) == ALBERTI_BUSY)
        continue;
    alberti_status(&machine, status);
    return status->done ? ALBERTI_OK : ALBERTI_FAULT;
}
