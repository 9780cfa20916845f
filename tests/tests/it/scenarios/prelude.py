"""What every scenario begins with: raw syscalls, and the list of events that they must leave.

call(NAME or number, args...)   makes a syscall; returns its result, a negated errno if it failed
want(kind, ret, members)        the event that the call must have left; members: dotted path in the event -> value
                                (None: must be absent; a list or dict must be equal; ANY: must be there)
seen(path or fd, at='file')     members of the facts of a file as stat tells them now
path('name')                    bytes of a path in the scenario's directory
stay()                          returns when all that happened so far is recorded (it makes a socket call or two)
nobody()                        with nobody(): ... acts as uid 65534
"""
import contextlib, ctypes, errno, itertools, json, os, socket, stat, struct, sys, tempfile, threading, time

ANY = {'any': True}
DIR = sys.argv[1]
libc = ctypes.CDLL(None, use_errno=True)
NR = dict(
    read=0, write=1, open=2, close=3, mmap=9, mprotect=10, pipe=22, socket=41, connect=42, bind=49, listen=50,
    fork=57, kill=62, truncate=76, ftruncate=77, chdir=80, fchdir=81, rename=82, mkdir=83, rmdir=84, creat=85,
    link=86, unlink=87, symlink=88, chmod=90, fchmod=91, chown=92, fchown=93, lchown=94, ptrace=101, utime=132,
    setresuid=117, setresgid=119, pivot_root=155, prctl=157, setrlimit=160, chroot=161, mount=165, umount2=166,
    gettid=186, setxattr=188, lsetxattr=189, fsetxattr=190, removexattr=197, lremovexattr=198, fremovexattr=199,
    tkill=200, utimes=235, tgkill=234, openat=257, mkdirat=258, mknodat=259, fchownat=260, futimesat=261,
    unlinkat=263, renameat=264, linkat=265, symlinkat=266, fchmodat=268, splice=275, utimensat=280, accept4=288,
    prlimit64=302, name_to_handle_at=303, open_by_handle_at=304, renameat2=316, memfd_create=319, bpf=321,
    open_tree=428, move_mount=429, fsopen=430, fsconfig=431, fsmount=432, fspick=433, openat2=437,
    mount_setattr=442, fchmodat2=452, setxattrat=463, removexattrat=466,
)
AT_FDCWD, AT_SYMLINK_NOFOLLOW, AT_REMOVEDIR, AT_SYMLINK_FOLLOW, AT_EMPTY_PATH = -100, 0x100, 0x200, 0x400, 0x1000
wanted = []


def path(name=''):
    return os.fsencode(os.path.join(DIR, name)) if name else os.fsencode(DIR)


def call(name, *args):
    def word(arg):
        if isinstance(arg, int):
            return ctypes.c_long(arg)
        return ctypes.c_void_p(0) if arg is None else arg
    ctypes.set_errno(0)
    libc.syscall.restype = ctypes.c_long
    ret = libc.syscall(ctypes.c_long(name if isinstance(name, int) else NR[name]), *map(word, args))
    return -ctypes.get_errno() if ret == -1 else ret


def want(kind, ret, members=None, **more):
    wanted.append([kind, ret, threading.get_native_id(), {**(members or {}), **more}])
    return ret


def date(nanos):
    text = time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(nanos // 10**9))
    fraction = f'.{nanos % 10**9:09}'.rstrip('0').rstrip('.')
    return f'{text}{fraction}Z'


def mounts():
    """Mount id -> (parent, device, root, mount point, type, source), of mountinfo."""
    table = {}
    for line in open('/proc/self/mountinfo', 'rb', buffering=0).read().decode('utf-8', 'surrogateescape').splitlines():
        head, tail = line.split(' - ')
        head, tail = head.split(' '), tail.split(' ')
        major, minor = map(int, head[2].split(':'))
        table[int(head[0])] = (int(head[1]), major << 20 | minor, head[3], head[4], tail[0], tail[1])
    return table


def mount_of(fd):
    for line in os.pread(os.open(f'/proc/self/fdinfo/{fd}', 0), 4096, 0).decode().splitlines():
        if line.startswith('mnt_id:'):
            return int(line.split()[1])


def seen(what, at='file', follow=False, times=True, name=None, **instead):
    """As stat tells it. Opens files of /proc: those events are wanted as well."""
    own = not isinstance(what, int)
    if own:
        name = os.fsdecode(what) if name is None else name
        what = os.open(what, os.O_PATH | (0 if follow else os.O_NOFOLLOW))
    st, mount = os.fstat(what), mount_of(what)
    if own:
        os.close(what)
    known = mounts().get(mount, (0,) * 6)
    members = {
        'inode': st.st_ino, 'mode': st.st_mode, 'uid': st.st_uid, 'gid': st.st_gid, 'mount_id': mount,
        'filesystem': known[4],
    }
    if name is not None:
        members |= {'path': name, 'name': os.path.basename(name)}
    if times:
        members |= {'modification_time': date(st.st_mtime_ns), 'change_time': date(st.st_ctime_ns)}
    return {f'{at}.{key}': value for key, value in (members | instead).items()}


@contextlib.contextmanager
def nobody():
    want('setuid', call('setresuid', -1, 65534, -1))
    try:
        yield
    finally:
        want('setuid', call('setresuid', -1, 0, -1))


stays = itertools.count()


def stay():
    marker = f'/tacho-scenario-stays-{next(stays)}'
    want('rmdir', call('rmdir', marker.encode()))
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with socket.socket(socket.AF_UNIX) as api:
            api.connect(sys.argv[2])
            api.sendall(f'GET /events?pid={os.getpid()}&path={marker} HTTP/1.0\r\nHost: localhost\r\n\r\n'.encode())
            if marker in api.makefile().read():
                return
        time.sleep(0.02)
    raise TimeoutError(marker)


def scenario_begins():
    """What came before does not count; a scenario may say so again after its preparations."""
    del wanted[:]
    call('rmdir', b'/tacho-scenario-begins')


def scenario_ends():
    call('rmdir', b'/tacho-scenario-ends')
    json.dump({'wanted': wanted, 'notes': notes}, sys.stdout)


notes = {}
os.chdir(DIR)
os.umask(0)
