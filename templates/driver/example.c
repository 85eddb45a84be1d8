/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a program that lies in memory and says how it ended. Generated: a start for software of your own. */
#include "alberti.h"

enum alberti_result alberti_example(uintptr_t base, const struct alberti_job *job, struct alberti_status *status);

enum alberti_result alberti_example(uintptr_t base, const struct alberti_job *job, struct alberti_status *status)
{
    struct alberti_handle accelerator;
    enum alberti_result result = alberti_probe(&accelerator, base);

    if (result == ALBERTI_OK)
        result = alberti_load(&accelerator, job);
    if (result == ALBERTI_OK)
        result = alberti_start(&accelerator);
    if (result != ALBERTI_OK)
        return result;
    /* A program that makes no progress is stopped by the accelerator's own watchdog. */
    while (alberti_wait(&accelerator, UINT32_MAX) == ALBERTI_BUSY)
        continue;
    alberti_status(&accelerator, status);
    return status->done ? ALBERTI_OK : ALBERTI_FAULT;
}
