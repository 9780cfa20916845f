//! chmod, chown, and chdir.

use super::harness::check;

#[test]
fn each_way_to_change_a_mode_tells_the_mode_before_and_the_one_asked_for() {
    check(
        "chmod_variants",
        &["chmod"],
        "
fd = os.open('file', os.O_CREAT | os.O_RDWR, 0o640)
os.symlink('file', 'link')
mode = 0o100640
def changed(ret, new, given):
    global mode
    assert ret == 0, ret
    st = os.stat('file')
    want('chmod', ret, {
        'file.path': f'{DIR}/file', 'file.name': 'file', 'file.inode': st.st_ino, 'file.mode': mode, 'file.uid': 0,
        'file.filesystem': ANY, 'file.mount_path': ANY, 'file.modification_time': date(st.st_mtime_ns),
        'file.destination.mode': new, 'file.destination.uid': 0,
        'syscall.chmod.mode': new, 'syscall.chmod.path': given, 'tacho.file.facts': 'cache'})
    mode = st.st_mode
changed(call('chmod', b'file', 0o600), 0o600, 'file')
changed(call('chmod', path('link'), 0o4755), 0o4755, f'{DIR}/link')
changed(call('fchmod', fd, 0o611), 0o611, None)
changed(call('fchmodat', AT_FDCWD, b'./link', 0o622), 0o622, './link')
own = b'/proc/self/fd/%d' % fd
changed(call('chmod', own, 0o633), 0o633, own.decode())
changed(call('chmod', b'/dev/fd/%d' % fd, 0o634), 0o634, '/dev/fd/%d' % fd)
ret = call('fchmodat2', fd, b'', 0o644, AT_EMPTY_PATH)
if ret == -errno.ENOSYS:
    want('chmod', ret)
else:
    changed(ret, 0o644, None)
",
    );
}

#[test]
fn modes_and_owners_that_could_not_be_changed_are_told_with_the_reason() {
    check(
        "chmod_chown_failures",
        &["chmod", "chown"],
        "
os.close(os.open('file', os.O_CREAT, 0o600))
want('chmod', call('chmod', b'absent', 0o600), {
    'file.path': f'{DIR}/absent', 'file.inode': None, 'file.destination.mode': 0o600, 'tacho.errno': 'ENOENT'})
want('chmod', call('fchmod', 999, 0o600), {'file.inode': None, 'tacho.errno': 'EBADF'})
want('chmod', call('fchmodat', 999, b'file', 0o600), {'file.inode': None, 'tacho.errno': 'EBADF'})
want('chmod', call('chmod', 16, 0o600), {'file.path': None, 'tacho.errno': 'EFAULT'})
want('chown', call('chown', b'file/x', 1, 2), {
    'file.path': f'{DIR}/file/x', 'file.destination.uid': 1, 'file.destination.gid': 2, 'tacho.errno': 'ENOTDIR'})
fd = os.open('file', os.O_RDONLY)
with nobody():
    refused = {**seen(path('file')), 'process.credentials.euid': 65534, 'tacho.errno': 'EPERM'}
    want('chmod', call('chmod', b'file', 0o777), {**refused, 'file.destination.mode': 0o777})
    want('chmod', call('fchmod', fd, 0o777), refused)
    want('chmod', call('chmod', b'/proc/self/fd/%d' % fd, 0o777), refused)
    want('chown', call('chown', b'file', 65534, -1), {**refused, 'file.destination.uid': 65534, 'file.destination.gid': -1})
    want('chown', call('fchownat', fd, b'', 65534, 65534, AT_EMPTY_PATH), refused)
",
    );
}

#[test]
fn each_way_to_change_an_owner_tells_the_owner_before_and_the_one_asked_for() {
    check(
        "chown_variants",
        &["chown"],
        "
fd = os.open('file', os.O_CREAT | os.O_RDWR, 0o640)
os.symlink('file', 'link')
before = os.stat('file')
def changed(ret, uid, gid, known='cache', what='file'):
    global before
    assert ret == 0, ret
    st = os.lstat(what)
    want('chown', ret, {
        'file.path': f'{DIR}/{what}', 'file.inode': st.st_ino, 'file.uid': before.st_uid, 'file.gid': before.st_gid,
        'file.destination.uid': uid, 'file.destination.gid': gid, 'tacho.file.facts': known})
    before = st
changed(call('chown', b'file', 11, 12), 11, 12)
changed(call('chown', b'link', -1, 13), -1, 13)
changed(call('fchown', fd, 14, -1), 14, -1)
changed(call('fchownat', AT_FDCWD, path('file'), 15, 16, 0), 15, 16)
changed(call('fchownat', fd, b'', 17, 18, AT_EMPTY_PATH), 17, 18)
changed(call('fchownat', AT_FDCWD, b'/proc/self/fd/%d' % fd, 0, 0, 0), 0, 0)
# Of the link nothing is known before it is looked at.
os.close(os.open('link', os.O_PATH | os.O_NOFOLLOW))
changed(call('lchown', b'link', 21, 22), 21, 22, what='link')
changed(call('fchownat', AT_FDCWD, b'link', 23, 24, AT_SYMLINK_NOFOLLOW), 23, 24, what='link')
",
    );
}

#[test]
fn each_way_to_change_the_working_directory_tells_where_it_leads() {
    check(
        "chdir_variants",
        &["chdir"],
        "
os.makedirs('a/b')
os.symlink('a/b', 'link')
os.close(os.open('a/closed', os.O_CREAT, 0o600))
def moved(ret, where, given):
    assert ret == 0, ret
    want('chdir', ret, {**seen(where.encode()), 'syscall.chdir.path': given, 'tacho.file.facts': 'kernel'})
moved(call('chdir', b'a'), f'{DIR}/a', 'a')
moved(call('chdir', b'..'), DIR, '..')
moved(call('chdir', path('link')), f'{DIR}/a/b', f'{DIR}/link')
fd = os.open(path('a'), os.O_RDONLY)
moved(call('fchdir', fd), f'{DIR}/a', None)
want('chdir', call('chdir', b'absent'), {'file.path': f'{DIR}/a/absent', 'tacho.errno': 'ENOENT'})
want('chdir', call('chdir', b'closed'), {'file.path': f'{DIR}/a/closed', 'tacho.errno': 'ENOTDIR'})
want('chdir', call('fchdir', 999), {'file.path': None, 'tacho.errno': 'EBADF'})
os.mkdir('secret', 0o700)
with nobody():
    want('chdir', call('chdir', b'secret'), {**seen(path('a/secret')), 'tacho.errno': 'EACCES'})
",
    );
}
