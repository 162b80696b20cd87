//! What a child gives up before it reads a byte: memory beyond a bound, files, the network, other programs.
//!
//! Linux alone can take all of it away. Elsewhere the keeper's clock and the parser's own limits remain.

use std::io;

/// Memory beyond what the parser may take: the allocator asks for address space in large pieces.
const SLACK_MEGABYTES: u64 = 1_280;

/// Gives everything up. Cannot be undone. Says whether the system took all of it: some sandboxes allow no filter of
/// system calls inside them, and are one themselves.
#[cfg(target_os = "linux")]
pub(super) fn enter(memory_megabytes: u64) -> io::Result<bool> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let fixed = |value: u64| Rlimit { current: Some(value), maximum: Some(value) };
    setrlimit(Resource::Core, fixed(0))?;
    setrlimit(Resource::Fsize, fixed(0))?;
    // The keeper watches the memory that is really used; this only ends a single huge allocation at once. Where a lower
    // limit holds already, that one stays.
    let _ = setrlimit(
        Resource::As,
        fixed((mapped_bytes() >> 20).saturating_add(memory_megabytes + SLACK_MEGABYTES) << 20),
    );
    Ok(filter().is_ok_and(|filter| seccompiler::apply_filter(&filter).is_ok()))
}

/// What is mapped already, in bytes.
#[cfg(target_os = "linux")]
fn mapped_bytes() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = statm.split(' ').next().and_then(|pages| pages.parse().ok()).unwrap_or_default();
    pages.saturating_mul(rustix::param::page_size() as u64)
}

/// The system calls that are refused; the rest is harmless without a file, a socket or another program.
#[cfg(target_os = "linux")]
fn filter() -> Result<seccompiler::BpfProgram, Box<dyn std::error::Error + Send + Sync>> {
    use seccompiler::{SeccompAction, SeccompFilter};
    let rules = refused().into_iter().map(|call| (call, Vec::new())).collect();
    let filter = SeccompFilter::new(
        rules,
        SeccompAction::Allow,
        SeccompAction::Errno(EPERM),
        std::env::consts::ARCH.try_into()?,
    )?;
    Ok(filter.try_into()?)
}

/// Operation not permitted.
#[cfg(target_os = "linux")]
const EPERM: u32 = 1;

/// Files, sockets, programs, other processes, the kernel's own business. Threads stay allowed, and ending itself.
#[cfg(target_os = "linux")]
fn refused() -> Vec<i64> {
    let everywhere = [
        libc::SYS_accept,
        libc::SYS_accept4,
        libc::SYS_bind,
        libc::SYS_bpf,
        libc::SYS_chdir,
        libc::SYS_chroot,
        libc::SYS_connect,
        libc::SYS_execve,
        libc::SYS_execveat,
        libc::SYS_fchmodat,
        libc::SYS_fchownat,
        libc::SYS_ftruncate,
        libc::SYS_init_module,
        libc::SYS_io_uring_setup,
        libc::SYS_keyctl,
        libc::SYS_kill,
        libc::SYS_linkat,
        libc::SYS_listen,
        libc::SYS_mkdirat,
        libc::SYS_mknodat,
        libc::SYS_mount,
        libc::SYS_open_by_handle_at,
        libc::SYS_openat,
        libc::SYS_openat2,
        libc::SYS_perf_event_open,
        libc::SYS_pidfd_open,
        libc::SYS_process_vm_readv,
        libc::SYS_process_vm_writev,
        libc::SYS_ptrace,
        libc::SYS_renameat2,
        libc::SYS_sendmsg,
        libc::SYS_sendto,
        libc::SYS_setns,
        libc::SYS_socket,
        libc::SYS_socketpair,
        libc::SYS_symlinkat,
        libc::SYS_truncate,
        libc::SYS_unlinkat,
        libc::SYS_unshare,
        libc::SYS_userfaultfd,
    ];
    // Calls that newer architectures do not have.
    #[cfg(target_arch = "x86_64")]
    let older = [
        libc::SYS_open,
        libc::SYS_creat,
        libc::SYS_fork,
        libc::SYS_vfork,
        libc::SYS_unlink,
        libc::SYS_rename,
        libc::SYS_mkdir,
        libc::SYS_rmdir,
        libc::SYS_link,
        libc::SYS_symlink,
        libc::SYS_chmod,
        libc::SYS_chown,
    ];
    #[cfg(not(target_arch = "x86_64"))]
    let older = [];
    everywhere.into_iter().chain(older).collect()
}

/// Ends this process when its keeper has gone, also in the middle of a document: nobody is left to end it.
#[cfg(unix)]
pub(super) fn end_with_keeper() {
    let keeper = rustix::process::getppid();
    std::thread::spawn(move || {
        while rustix::process::getppid() == keeper {
            std::thread::sleep(std::time::Duration::from_secs(1));
        }
        std::process::exit(1);
    });
}

/// Elsewhere the closed pipe ends it after the document at hand.
#[cfg(not(unix))]
pub(super) fn end_with_keeper() {}

/// Elsewhere there is nothing to give up.
#[cfg(not(target_os = "linux"))]
pub(super) fn enter(_: u64) -> io::Result<bool> {
    Ok(false)
}

/// From now on the process may take this much processor time; beyond it the system ends it.
#[cfg(unix)]
pub(super) fn allow_cpu(seconds: u64) {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let used = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime).tv_sec;
    let until = u64::try_from(used).unwrap_or_default().saturating_add(seconds).saturating_add(1);
    // The keeper's clock ends it too, only later.
    let _ = setrlimit(Resource::Cpu, Rlimit { current: Some(until), maximum: None });
}

/// Elsewhere the keeper's clock alone ends it.
#[cfg(not(unix))]
pub(super) fn allow_cpu(_: u64) {}

#[cfg(all(test, target_os = "linux"))]
#[allow(clippy::unwrap_used, clippy::print_stderr)]
mod tests {
    use std::{io::ErrorKind, net::TcpListener, process::Command};

    use super::filter;

    /// The filter holds for the thread that takes it and those it starts.
    fn confined<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let thread =
            std::thread::spawn(move || seccompiler::apply_filter(&filter().unwrap()).is_ok().then(work));
        let done = thread.join().unwrap();
        if done.is_none() {
            eprintln!("left out: this system takes no filter of system calls");
        }
        done
    }

    #[test]
    fn there_are_no_files_no_network_and_no_programs() {
        let refused = |kind: ErrorKind| kind == ErrorKind::PermissionDenied;
        let outcome = confined(|| {
            let read = std::fs::read("/proc/self/statm").unwrap_err().kind();
            let write = std::fs::write("quarry-was-here", "x").unwrap_err().kind();
            let listen = TcpListener::bind("127.0.0.1:0").unwrap_err().kind();
            let program = Command::new("true").spawn().unwrap_err().kind();
            let thread = std::thread::spawn(|| std::fs::read("/proc/self/statm").is_err()).join().unwrap();
            (read, write, listen, program, thread)
        });
        let Some((read, write, listen, program, thread)) = outcome else { return };
        assert!(refused(read) && refused(write) && refused(listen), "{read} {write} {listen}");
        assert!(refused(program) || program == ErrorKind::Other, "{program}");
        assert!(thread, "what it starts is confined too");
        assert!(std::fs::read("/proc/self/statm").is_ok(), "others are not");
    }
}
