// SPDX-License-Identifier: MIT
//! How many workers a server has, and on which CPUs they are to stay.

#[derive(Clone, Copy)]
pub struct Workers {
    pub count: usize,
    pub pins: bool,
}

impl Workers {
    /// Where a worker is to stay: on the CPU of its number, as those of all servers that pin.
    pub fn cpu_of(self, worker: usize) -> Option<usize> {
        self.pins.then_some(worker)
    }
}

/// Keeps the calling thread on a CPU; None: it runs wherever the kernel puts it.
pub fn stay_on(cpu: Option<usize>) {
    let Some(cpu) = cpu else {
        return;
    };
    // SAFETY: the set is all of what is read; a CPU that is too high for it panics.
    let code = unsafe {
        let mut set: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(cpu, &mut set);
        libc::sched_setaffinity(0, std::mem::size_of_val(&set), &set)
    };
    assert_eq!(code, 0, "CPU {cpu}: {}", std::io::Error::last_os_error());
}
