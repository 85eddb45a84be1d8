//! The generated text around a design: a boundary in Verilog, and a C interface in C++.
//!
//! The boundary is a module with exactly the ports that the caller named, around the design. So Verilator's
//! own lint compares names, directions and widths; the model's ports are ours, and their widths are known.

use std::fmt::Write;

use crate::bits::words_of;
use crate::ports::{Direction, PortSpec, Probe};

/// Part of every cache key: changes with the text below.
pub(crate) const VERSION: &str = "1";

/// Included first everywhere, precompiled once. Lets what the design prints be kept.
pub(crate) const PRELUDE: &str = r#"#pragma once
extern "C" int alberti_print(const char* format, ...);
#define VL_PRINTF alberti_print
#define VL_USER_FINISH
#define VL_USER_STOP
#define VL_USER_FATAL
#include "verilated.h"
#include "verilated_vcd_c.h"
#include <cstdarg>
#include <cstdio>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
"#;

/// The boundary module: a port for each of the design's, then one for each probe.
pub(crate) fn boundary(top: &str, ports: &[PortSpec], probes: &[Probe]) -> String {
    let header: Vec<String> = (ports.iter().chain(probes.iter().map(|probe| &probe.port)))
        .enumerate()
        .map(|(i, port)| {
            let direction = match port.direction {
                Direction::Input => "input ",
                Direction::Output => "output",
            };
            format!("  {direction} wire [{}:0] port_{i}", port.width - 1)
        })
        .collect();
    let pins: Vec<String> = ports.iter().enumerate().map(|(i, port)| format!("    .{}(port_{i})", port.name)).collect();
    let taps: String = (probes.iter().enumerate())
        .map(|(i, probe)| {
            let nets: Vec<String> = probe.nets.iter().rev().map(|net| format!("u_{top}.{net}")).collect();
            format!("  assign port_{} = {{{}}};\n", ports.len() + i, nets.join(", "))
        })
        .collect();
    let (header, pins) = (header.join(",\n"), pins.join(",\n"));
    format!("module boundary (\n{header}\n);\n  {top} u_{top} (\n{pins}\n  );\n{taps}endmodule\n")
}

/// The C interface of a model with these ports, to be compiled after Verilator's output.
pub(crate) fn interface(ports: &[PortSpec], waveform: bool) -> String {
    let mut text = INTERFACE.replace("@trace@", if waveform { TRACE } else { NO_TRACE });
    let mut cases = String::new();
    for (i, port) in ports.iter().enumerate() {
        let bytes = match port.width {
            0..=8 => 1,
            9..=16 => 2,
            17..=32 => 4,
            33..=64 => 8,
            width => 4 * words_of(width),
        };
        let _ = writeln!(text, "static_assert(sizeof(Vboundary::port_{i}) == {bytes}, \"{}\");", port.name);
        let _ = writeln!(cases, "    case {i}: return &s->model->port_{i};");
    }
    text + &PORTS.replace("@cases@", &cases)
}

const INTERFACE: &str = r#"
#define EXPORT extern "C" __attribute__((visibility("default")))

namespace {

struct Fatal final : std::exception {};

// The context is the simulation, so that Verilator's hooks find it without a variable of their own.
struct Simulation final : VerilatedContext {
    std::unique_ptr<Vboundary> model;
    std::unique_ptr<VerilatedVcdC> waveform;
    std::string printed;
    std::string stopped;

    void stop(const char* file, int line, const char* what) {
        if (stopped.empty()) stopped = std::string{file ? file : ""} + ":" + std::to_string(line) + ": " + what;
    }
};

Simulation& current() { return *static_cast<Simulation*>(Verilated::threadContextp()); }

// No exception may cross the C interface.
template <typename Action> int guarded(Simulation* s, Action action) {
    Verilated::threadContextp(s);
    if (!s->stopped.empty()) return 1;
    try {
        action();
    } catch (const Fatal&) {
    } catch (const std::exception& error) {
        s->stop("", 0, error.what());
    }
    return !s->stopped.empty();
}

}  // namespace

void vl_finish(const char* file, int line, const char*) { current().stop(file, line, "$finish"); }
void vl_stop(const char* file, int line, const char*) { current().stop(file, line, "$stop"); }
// Verilator expects no return: a design that does not settle would loop for ever.
void vl_fatal(const char* file, int line, const char*, const char* what) {
    current().stop(file, line, what);
    throw Fatal{};
}

extern "C" int alberti_print(const char* format, ...) {
    char text[4096];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    std::string& printed = current().printed;
    if (length > 0 && printed.size() < 65536) printed += text;
    return length;
}

EXPORT void* alberti_new(int seed) {
    // The seed of the random initial values is one per library.
    static std::mutex mutex;
    const std::lock_guard<std::mutex> lock{mutex};
    auto* const s = new Simulation;
    guarded(s, [&] {
        s->traceEverOn(true);
        s->randReset(2);
        s->randSeed(seed);
        s->model = std::make_unique<Vboundary>(s, "TOP");
    });
    return s;
}

EXPORT void alberti_delete(void* handle) {
    auto* const s = static_cast<Simulation*>(handle);
    Verilated::threadContextp(s);
    if (s->waveform) s->waveform->close();
    s->waveform.reset();
    s->model.reset();
    delete s;
}

EXPORT int alberti_eval(void* handle) {
    auto* const s = static_cast<Simulation*>(handle);
    return guarded(s, [&] { s->model->eval(); });
}

EXPORT const char* alberti_stopped(void* handle) { return static_cast<Simulation*>(handle)->stopped.c_str(); }
EXPORT const char* alberti_printed(void* handle) { return static_cast<Simulation*>(handle)->printed.c_str(); }
@trace@
"#;

const TRACE: &str = r#"
EXPORT int alberti_trace(void* handle, const char* path) {
    auto* const s = static_cast<Simulation*>(handle);
    guarded(s, [&] {
        s->waveform = std::make_unique<VerilatedVcdC>();
        s->model->trace(s->waveform.get(), 99);
        s->waveform->open(path);
    });
    return !s->waveform || !s->waveform->isOpen();
}

EXPORT void alberti_dump(void* handle, unsigned long long time) {
    auto* const s = static_cast<Simulation*>(handle);
    s->time(time);
    if (s->waveform) guarded(s, [&] { s->waveform->dump(static_cast<uint64_t>(time)); });
}

EXPORT void alberti_flush(void* handle) {
    auto* const s = static_cast<Simulation*>(handle);
    if (s->waveform) s->waveform->flush();
}
"#;

const NO_TRACE: &str = r#"
EXPORT int alberti_trace(void*, const char*) { return 1; }
EXPORT void alberti_dump(void*, unsigned long long) {}
EXPORT void alberti_flush(void*) {}
"#;

const PORTS: &str = r#"
EXPORT void* alberti_port(void* handle, unsigned index) {
    auto* const s = static_cast<Simulation*>(handle);
    switch (index) {
@cases@    default: return nullptr;
    }
}
"#;
