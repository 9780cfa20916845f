//! open and its like.

use super::harness::check;

#[test]
fn each_way_to_open_tells_file_flags_and_mode() {
    check(
        "open_variants",
        &["open"],
        "
O = os.O_WRONLY | os.O_CREAT
def opened(ret, members):
    assert ret >= 0, ret
    want('open', ret, {**facts(ret), **members})
def facts(fd):
    return {'file.inode': os.fstat(fd).st_ino, 'file.mode': os.fstat(fd).st_mode, 'file.uid': 0, 'file.gid': 0}
made = {'tacho.file.created': True, 'tacho.file.facts': 'kernel'}
opened(call('open', path('a'), O, 0o640), {
    'file.path': f'{DIR}/a', 'file.name': 'a', 'file.flags': ['O_WRONLY', 'O_CREAT'], 'file.destination.mode': 0o640, **made})
opened(call('open', b'a', os.O_RDONLY), {'file.path': f'{DIR}/a', 'file.flags': ['O_RDONLY'], 'file.destination': None})
opened(call('creat', b'b', 0o600), {
    'file.path': f'{DIR}/b', 'file.flags': ['O_WRONLY', 'O_CREAT', 'O_TRUNC'], 'file.destination.mode': 0o600, **made})
opened(call('openat', AT_FDCWD, b'c', O | os.O_EXCL, 0o604), {
    'file.path': f'{DIR}/c', 'file.flags': ['O_WRONLY', 'O_CREAT', 'O_EXCL'], 'file.destination.mode': 0o604, **made})
how = struct.pack('QQQ', O, 0o611, 0)
opened(call('openat2', AT_FDCWD, b'd', how, len(how)), {
    'file.path': f'{DIR}/d', 'file.flags': ['O_WRONLY', 'O_CREAT'], 'file.destination.mode': 0o611, **made})
handle = ctypes.create_string_buffer(struct.pack('Ii', 128, 0) + bytes(128))
mount = ctypes.c_int()
assert call('name_to_handle_at', AT_FDCWD, b'a', handle, ctypes.byref(mount), 0) == 0
here = call('open', b'.', os.O_RDONLY | os.O_DIRECTORY)
opened(here, {'file.path': DIR, 'file.flags': ['O_RDONLY', 'O_DIRECTORY']})
opened(call('open_by_handle_at', here, handle, os.O_RDWR), {
    'file.path': f'{DIR}/a', 'file.flags': ['O_RDWR'], 'tacho.file.facts': 'kernel'})
fd = call('open', b'a', os.O_RDWR)
opened(fd, {'file.path': f'{DIR}/a'})
ret = call('truncate', b'a', 10)
want('open', ret, {'file.path': f'{DIR}/a', 'file.inode': os.stat('a').st_ino, 'file.flags': ['O_WRONLY', 'O_TRUNC']})
ret = call('ftruncate', fd, 20)
want('open', ret, {'file.path': f'{DIR}/a', 'file.inode': os.stat('a').st_ino, 'file.flags': ['O_WRONLY', 'O_TRUNC']})
",
    );
}

#[test]
fn opens_that_fail_tell_what_was_asked_for() {
    check(
        "open_failures",
        &["open"],
        "
os.mkdir('closed', 0o700)
want('open', call('open', b'absent', os.O_RDONLY), {'file.path': f'{DIR}/absent', 'tacho.errno': 'ENOENT'})
want('open', call('open', b'closed', os.O_WRONLY), {'file.path': f'{DIR}/closed', 'tacho.errno': 'EISDIR'})
want('open', call('open', 16, os.O_RDONLY), {'file.path': None, 'tacho.errno': 'EFAULT', 'file.path_resolution_error': ANY})
with nobody():
    want('open', call('openat', AT_FDCWD, b'closed/x', os.O_RDONLY), {
        'file.path': f'{DIR}/closed/x', 'tacho.errno': 'EACCES', 'process.credentials.euid': 65534})
",
    );
}

#[test]
fn a_descriptor_may_be_the_root_of_a_name() {
    check(
        "open_in_root",
        &["open"],
        "
RESOLVE_IN_ROOT, RESOLVE_NO_SYMLINKS = 0x10, 0x04
os.makedirs('jail/etc')
os.symlink('/etc/file', 'jail/link')
jail = call('open', b'jail', os.O_RDONLY | os.O_DIRECTORY)
want('open', jail, {'file.path': f'{DIR}/jail'})
how = struct.pack('QQQ', os.O_CREAT | os.O_WRONLY, 0o600, RESOLVE_IN_ROOT)
want('open', call('openat2', jail, b'/etc/file', how, len(how)), {'file.path': f'{DIR}/jail/etc/file'})
want('open', call('openat2', jail, b'/link', how, len(how)), {'file.path': f'{DIR}/jail/etc/file'})
want('open', call('openat2', jail, b'../../link', how, len(how)), {'file.path': f'{DIR}/jail/etc/file'})
how = struct.pack('QQQ', os.O_RDONLY, 0, RESOLVE_IN_ROOT)
want('open', call('openat2', jail, b'/etc/absent', how, len(how)), {
    'file.path': f'{DIR}/jail/etc/absent', 'tacho.errno': 'ENOENT'})
how = struct.pack('QQQ', os.O_RDONLY, 0, RESOLVE_NO_SYMLINKS)
want('open', call('openat2', jail, b'link', how, len(how)), {'file.path': f'{DIR}/jail/link', 'tacho.errno': 'ELOOP'})
want('open', call('openat2', jail, b'etc', 16, 24), {'file.path': f'{DIR}/jail/etc', 'tacho.errno': 'EFAULT'})
",
    );
}
