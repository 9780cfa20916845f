//! utimes: utime, utimes, futimesat, utimensat.

use super::harness::check;

#[test]
fn each_call_that_sets_times_tells_them_in_nanoseconds() {
    check(
        "utimes_variants",
        &["utimes"],
        "
def made(name):
    os.close(os.open(name, os.O_CREAT | os.O_WRONLY, 0o640))
    return f'{DIR}/{name}'
def told(name, ret):
    st = os.stat(name)
    want('utimes', ret, {
        **seen(path(name), times=False), 'file.mode': 0o100640,
        'file.destination.access_time': date(st.st_atime_ns), 'file.destination.modification_time': date(st.st_mtime_ns),
        'file.destination.uid': 0})
made('a')
told('a', call('utime', b'a', struct.pack('qq', 1000, 2000)))
made('b')
told('b', call('utimes', path('b'), struct.pack('qqqq', 1000, 5, 2000, 999999)))
made('c')
told('c', call('futimesat', AT_FDCWD, b'c', struct.pack('qqqq', -5, 5, 2000, 7)))
made('d')
told('d', call('utimensat', AT_FDCWD, b'd', struct.pack('qqqq', 1000, 999999999, 2**33, 1), 0))
",
    );
}

#[test]
fn now_is_the_kernels_own_time_and_an_omitted_time_is_absent() {
    check(
        "utimes_now",
        &["utimes"],
        "
NOW, OMIT = 2**30 - 1, 2**30 - 2
def made(name):
    return os.open(name, os.O_CREAT | os.O_WRONLY, 0o640)
def told(name, ret, access=True, modification=True):
    st = os.stat(name)
    want('utimes', ret, {
        'file.path': f'{DIR}/{name}', 'file.inode': st.st_ino,
        'file.destination.access_time': date(st.st_atime_ns) if access else None,
        'file.destination.modification_time': date(st.st_mtime_ns) if modification else None})
made('a')
told('a', call('utimensat', AT_FDCWD, b'a', None, 0))
made('b')
told('b', call('utimensat', AT_FDCWD, b'b', struct.pack('qqqq', 0, NOW, 0, OMIT), 0), modification=False)
made('c')
told('c', call('utimensat', AT_FDCWD, b'c', struct.pack('qqqq', 0, OMIT, 0, NOW), 0), access=False)
made('d')
told('d', call('utimes', b'd', None))
fd = made('e')
told('e', call('utimensat', fd, None, struct.pack('qqqq', 1, 2, 3, 4), 0))
told('e', call('utimensat', fd, b'', struct.pack('qqqq', 5, 6, 7, 8), AT_EMPTY_PATH))
told('e', call('futimesat', fd, None, struct.pack('qqqq', 9, 10, 11, 12)))
told('e', call('utimensat', AT_FDCWD, b'/proc/self/fd/%d' % fd, struct.pack('qqqq', 1, 2, 3, 4), 0))
",
    );
}

#[test]
fn a_link_is_told_as_itself_only_if_it_was_not_followed() {
    check(
        "utimes_links",
        &["utimes"],
        "
open('file', 'w').close()
os.symlink('file', 'link')
times = struct.pack('qqqq', 1, 2, 3, 4)
ret = call('utimensat', AT_FDCWD, b'link', times, 0)
want('utimes', ret, seen(path('file'), times=False))
ret = call('utimensat', AT_FDCWD, b'link', times, AT_SYMLINK_NOFOLLOW)
want('utimes', ret, seen(path('link'), times=False))
",
    );
}

#[test]
fn times_that_could_not_be_set_are_told_with_the_reason() {
    check(
        "utimes_failures",
        &["utimes"],
        "
times = struct.pack('qqqq', 1, 2, 3, 4)
asked = {'file.destination.access_time': date(10**9 + 2), 'file.destination.modification_time': date(3 * 10**9 + 4)}
want('utimes', call('utimensat', AT_FDCWD, b'absent', times, 0), {
    'file.path': f'{DIR}/absent', 'file.inode': None, 'tacho.errno': 'ENOENT', **asked})
want('utimes', call('utimensat', AT_FDCWD, b'absent', 16, 0), {
    'file.path': f'{DIR}/absent', 'tacho.errno': 'EFAULT', 'file.destination.access_time': None})
open('file', 'w').close()
want('utimes', call('utimensat', AT_FDCWD, b'file/below', times, 0), {
    'file.path': f'{DIR}/file/below', 'tacho.errno': 'ENOTDIR'})
with nobody():
    want('utimes', call('utimensat', AT_FDCWD, b'file', times, 0), {
        **seen(path('file')), 'tacho.errno': 'EPERM', 'process.credentials.euid': 65534, **asked})
want('utimes', call('utimensat', 999, b'file', times, 0), {'file.inode': None, 'tacho.errno': 'EBADF', **asked})
",
    );
}
