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
