//! System calls by seccomp: a list of those that are left, in two filters.
//!
//! The first ends the process at once (SIGSYS, and the kernel logs which call it was) for calls
//! that no program of this suite ever makes and an intruder wants: to start a program, to look
//! into other processes, to change the kernel or the tree of mounts. The second answers "not
//! implemented" to everything else that is not on the list, and not "not permitted": a newer
//! libc tries newer calls first, and goes back to the older ones on that answer and no other.
//! `clone3` is such a case: its flags can not be looked at, those of `clone` can, and only a
//! thread is allowed. Memory is writable or executable, never made both.

use std::collections::BTreeMap;

use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch, apply_filter,
};

/// Calls, and the conditions of each; one without any is meant however it is made.
type Calls = BTreeMap<i64, Vec<SeccompRule>>;

/// Files: read, write, replace, list, remove. Where, Landlock says.
const FILES: &[i64] = &[
    libc::SYS_openat,
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_pread64,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_pwrite64,
    libc::SYS_lseek,
    libc::SYS_close,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    libc::SYS_ftruncate,
    libc::SYS_renameat2,
    libc::SYS_unlinkat,
    libc::SYS_linkat,
    libc::SYS_getdents64,
    libc::SYS_readlinkat,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_fcntl,
    libc::SYS_dup,
    libc::SYS_dup3,
    libc::SYS_getcwd,
    libc::SYS_chdir,
];

/// Memory and threads.
const MEMORY: &[i64] = &[
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_mlock,
    libc::SYS_mlock2,
    libc::SYS_mlockall,
    libc::SYS_munlock,
    libc::SYS_munlockall,
    libc::SYS_futex,
    libc::SYS_set_robust_list,
    libc::SYS_get_robust_list,
    libc::SYS_rseq,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_set_tid_address,
    libc::SYS_gettid,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_restart_syscall,
    libc::SYS_sigaltstack,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
];

/// Sockets; of which families, [`allowed`] says.
const SOCKETS: &[i64] = &[
    libc::SYS_bind,
    libc::SYS_connect,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_getsockname,
    libc::SYS_getpeername,
    libc::SYS_getsockopt,
    libc::SYS_setsockopt,
    libc::SYS_sendto,
    libc::SYS_sendmsg,
    libc::SYS_sendmmsg,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_recvmmsg,
    libc::SYS_shutdown,
];

/// The loop, clocks, and what a process may know of itself.
const LOOP: &[i64] = &[
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_epoll_pwait2,
    libc::SYS_eventfd2,
    libc::SYS_timerfd_create,
    libc::SYS_timerfd_settime,
    libc::SYS_timerfd_gettime,
    libc::SYS_ppoll,
    libc::SYS_pipe2,
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_gettimeofday,
    libc::SYS_getpid,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    libc::SYS_getresuid,
    libc::SYS_getresgid,
    libc::SYS_getrandom,
    libc::SYS_uname,
    libc::SYS_sysinfo,
    // A daemon leaves the session of who started it when it is ready.
    libc::SYS_setsid,
];

/// Older forms of the above, which only this processor has.
#[cfg(target_arch = "x86_64")]
const OLDER: &[i64] = &[
    libc::SYS_open,
    libc::SYS_stat,
    libc::SYS_lstat,
    libc::SYS_access,
    libc::SYS_rename,
    libc::SYS_renameat,
    libc::SYS_link,
    libc::SYS_unlink,
    libc::SYS_readlink,
    libc::SYS_dup2,
    libc::SYS_poll,
    libc::SYS_epoll_wait,
    libc::SYS_time,
    libc::SYS_arch_prctl,
];
#[cfg(target_arch = "aarch64")]
const OLDER: &[i64] = &[libc::SYS_renameat];
#[cfg(target_arch = "riscv64")]
const OLDER: &[i64] = &[];

/// The end of whoever makes one of them.
const HOSTILE: &[i64] = &[
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_getfd,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_move_mount,
    libc::SYS_open_tree,
    libc::SYS_fsopen,
    libc::SYS_fsmount,
    libc::SYS_mount_setattr,
    libc::SYS_setns,
    libc::SYS_unshare,
    libc::SYS_bpf,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_io_uring_setup,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_clock_settime,
    libc::SYS_settimeofday,
];

/// More of them, which only this processor has.
#[cfg(target_arch = "x86_64")]
const OLDER_HOSTILE: &[i64] = &[
    libc::SYS_fork,
    libc::SYS_vfork,
    libc::SYS_iopl,
    libc::SYS_ioperm,
];
#[cfg(not(target_arch = "x86_64"))]
const OLDER_HOSTILE: &[i64] = &[];

/// From now on nothing else, in this thread and in those it starts.
pub(super) fn restrict() -> Result<(), String> {
    let filters = [
        (hostile(), SeccompAction::Allow, SeccompAction::KillProcess),
        (
            allowed(),
            SeccompAction::Errno(libc::ENOSYS.unsigned_abs()),
            SeccompAction::Allow,
        ),
    ];
    // All are made before the first is in force. Of two answers the harsher counts.
    let mut programs = Vec::new();
    for (calls, others, these) in filters {
        let program = calls.and_then(|calls| program(calls, others, these));
        programs.push(program.map_err(|e| e.to_string())?);
    }
    let applied = programs
        .iter()
        .try_for_each(|program| apply_filter(program));
    applied.map_err(|e| e.to_string())
}

fn program(
    calls: Calls,
    others: SeccompAction,
    these: SeccompAction,
) -> Result<BpfProgram, BackendError> {
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    SeccompFilter::new(calls, others, these, arch)?.try_into()
}

fn hostile() -> Result<Calls, BackendError> {
    let mut calls = plain(&[HOSTILE, OLDER_HOSTILE]);
    let process = argument(0, SeccompCmpOp::MaskedEq(bits(libc::CLONE_THREAD)), 0)?;
    calls.insert(libc::SYS_clone, vec![process]);
    Ok(calls)
}

fn allowed() -> Result<Calls, BackendError> {
    let mut calls = plain(&[FILES, MEMORY, SOCKETS, LOOP, OLDER]);
    let mut only = |call, index, values: &[u64]| {
        let rules = values
            .iter()
            .map(|value| argument(index, SeccompCmpOp::Eq, *value));
        calls.insert(call, rules.collect::<Result<_, _>>()?);
        Ok::<_, BackendError>(())
    };
    let families = [libc::AF_INET, libc::AF_INET6, libc::AF_UNIX].map(bits);
    only(libc::SYS_socket, 0, &families)?;
    only(libc::SYS_socketpair, 0, &[bits(libc::AF_UNIX)])?;
    // A thread gives itself a name.
    only(libc::SYS_prctl, 0, &[bits(libc::PR_SET_NAME)])?;
    let requests = [libc::FIONBIO, libc::FIONREAD, libc::FIOCLEX, libc::TCGETS];
    only(libc::SYS_ioctl, 1, &requests)?;
    // To end by abort, after a fault of its own.
    only(libc::SYS_tgkill, 0, &[u64::from(std::process::id())])?;
    // Limits may be read, which is what libc does for each thread.
    let none = SeccompCondition::new(2, SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, 0)?;
    calls.insert(libc::SYS_prlimit64, vec![SeccompRule::new(vec![none])?]);
    let thread = bits(libc::CLONE_THREAD);
    let thread = argument(0, SeccompCmpOp::MaskedEq(thread), thread)?;
    calls.insert(libc::SYS_clone, vec![thread]);
    for call in [libc::SYS_mmap, libc::SYS_mprotect] {
        let inert = argument(2, SeccompCmpOp::MaskedEq(bits(libc::PROT_EXEC)), 0)?;
        calls.insert(call, vec![inert]);
    }
    Ok(calls)
}

fn plain(lists: &[&[i64]]) -> Calls {
    let calls = lists.iter().flat_map(|list| list.iter());
    calls.map(|call| (*call, Vec::new())).collect()
}

/// One argument, of which the kernel reads 32 bits.
fn argument(index: u8, operator: SeccompCmpOp, value: u64) -> Result<SeccompRule, BackendError> {
    let condition = SeccompCondition::new(index, SeccompCmpArgLen::Dword, operator, value)?;
    SeccompRule::new(vec![condition])
}

/// A constant of libc, none of which is negative.
fn bits(constant: libc::c_int) -> u64 {
    u64::from(constant.unsigned_abs())
}
