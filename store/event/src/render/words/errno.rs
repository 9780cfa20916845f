//! Names of errors.

/// Names of errors from 1 (asm-generic/errno-base.h, errno.h); empty where there is none.
const ERRORS: &str = "EPERM ENOENT ESRCH EINTR EIO ENXIO E2BIG ENOEXEC EBADF ECHILD EAGAIN ENOMEM EACCES EFAULT \
    ENOTBLK EBUSY EEXIST EXDEV ENODEV ENOTDIR EISDIR EINVAL ENFILE EMFILE ENOTTY ETXTBSY EFBIG ENOSPC ESPIPE EROFS \
    EMLINK EPIPE EDOM ERANGE EDEADLK ENAMETOOLONG ENOLCK ENOSYS ENOTEMPTY ELOOP - ENOMSG EIDRM ECHRNG EL2NSYNC \
    EL3HLT EL3RST ELNRNG EUNATCH ENOCSI EL2HLT EBADE EBADR EXFULL ENOANO EBADRQC EBADSLT - EBFONT ENOSTR ENODATA \
    ETIME ENOSR ENONET ENOPKG EREMOTE ENOLINK EADV ESRMNT ECOMM EPROTO EMULTIHOP EDOTDOT EBADMSG EOVERFLOW ENOTUNIQ \
    EBADFD EREMCHG ELIBACC ELIBBAD ELIBSCN ELIBMAX ELIBEXEC EILSEQ ERESTART ESTRPIPE EUSERS ENOTSOCK EDESTADDRREQ \
    EMSGSIZE EPROTOTYPE ENOPROTOOPT EPROTONOSUPPORT ESOCKTNOSUPPORT EOPNOTSUPP EPFNOSUPPORT EAFNOSUPPORT EADDRINUSE \
    EADDRNOTAVAIL ENETDOWN ENETUNREACH ENETRESET ECONNABORTED ECONNRESET ENOBUFS EISCONN ENOTCONN ESHUTDOWN \
    ETOOMANYREFS ETIMEDOUT ECONNREFUSED EHOSTDOWN EHOSTUNREACH EALREADY EINPROGRESS ESTALE EUCLEAN ENOTNAM ENAVAIL \
    EISNAM EREMOTEIO EDQUOT ENOMEDIUM EMEDIUMTYPE ECANCELED ENOKEY EKEYEXPIRED EKEYREVOKED EKEYREJECTED EOWNERDEAD \
    ENOTRECOVERABLE ERFKILL EHWPOISON";

/// Name of the error that a syscall's return value stands for, if it stands for one.
#[must_use]
pub fn errno_name(retval: i64) -> Option<&'static str> {
    let number = usize::try_from(retval.checked_neg()?).ok()?;
    match number {
        // Never seen by programs, but by who watches the kernel return (include/linux/errno.h).
        512 => Some("ERESTARTSYS"),
        513 => Some("ERESTARTNOINTR"),
        514 => Some("ERESTARTNOHAND"),
        516 => Some("ERESTART_RESTARTBLOCK"),
        0 => None,
        _ => ERRORS.split_ascii_whitespace().nth(number - 1).filter(|name| *name != "-"),
    }
}

#[cfg(test)]
mod tests {
    use super::errno_name;

    #[test]
    fn errors_have_their_names() {
        for (retval, name) in [
            (-1, "EPERM"),
            (-2, "ENOENT"),
            (-13, "EACCES"),
            (-36, "ENAMETOOLONG"),
            (-40, "ELOOP"),
            (-42, "ENOMSG"),
            (-59, "EBFONT"),
            (-71, "EPROTO"),
            (-84, "EILSEQ"),
            (-98, "EADDRINUSE"),
            (-111, "ECONNREFUSED"),
            (-115, "EINPROGRESS"),
            (-133, "EHWPOISON"),
        ] {
            assert_eq!(errno_name(retval), Some(name));
        }
        for retval in [0, 3, -41, -58, -134, -4096, i64::MIN] {
            assert_eq!(errno_name(retval), None);
        }
    }
}
