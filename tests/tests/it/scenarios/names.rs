//! rename, link, unlink, mkdir, rmdir: calls that change what names there are.

use super::harness::check;

#[test]
fn each_way_to_rename_tells_the_file_by_both_names() {
    check(
        "rename_variants",
        &["rename", "unlink"],
        "
RENAME_NOREPLACE, RENAME_WHITEOUT = 1, 4
def made(name, mode=0o640):
    os.close(os.open(name, os.O_CREAT | os.O_WRONLY, mode))
def told(ret, old, new, **more):
    assert ret == 0, ret
    st = os.lstat(new)
    want('rename', ret, {
        'file.path': f'{DIR}/{old}', 'file.name': os.path.basename(old), 'file.inode': st.st_ino, 'file.mode': st.st_mode,
        **seen(path(new), 'file.destination', times=False), 'tacho.detail.flags': None, **more})
made('a')
told(call('rename', b'a', b'b'), 'a', 'b')
made('c')
told(call('renameat', AT_FDCWD, path('c'), AT_FDCWD, b'd'), 'c', 'd', **{'tacho.file.facts': 'cache'})
os.mkdir('dir')
dir = os.open('dir', os.O_RDONLY)
made('e')
told(call('renameat2', AT_FDCWD, b'e', dir, b'f', RENAME_NOREPLACE), 'e', 'dir/f', **{
    'tacho.detail.flags': ['RENAME_NOREPLACE']})
os.symlink('b', 'link')
told(call('rename', b'link', b'renamed-link'), 'link', 'renamed-link')
os.mkdir('x')
os.symlink('x', 'way')
made('x/y')
told(call('rename', b'way/y', b'way/z'), 'x/y', 'x/z')
made('replaced')
made('new')
told(call('rename', b'new', b'replaced'), 'new', 'replaced')
# As an overlay does to its upper layer: what is left at the old name hides what is beneath.
made('shown')
told(call('renameat2', AT_FDCWD, b'shown', AT_FDCWD, b'kept', RENAME_WHITEOUT), 'shown', 'kept', **{
    'tacho.detail.flags': ['RENAME_WHITEOUT']})
left = os.lstat('shown')
assert stat.S_ISCHR(left.st_mode) and left.st_rdev == 0
# Which the kernel made itself: no call told of it.
want('unlink', call('unlink', b'shown'), {
    'file.path': f'{DIR}/shown', 'file.inode': None, 'file.path_resolution_error': 'state before the call unknown'})
",
    );
}

#[test]
fn an_exchange_tells_what_each_of_the_two_was() {
    check(
        "rename_exchange",
        &["rename", "unlink"],
        "
RENAME_EXCHANGE = 2
def made(name, mode):
    fd = os.open(name, os.O_CREAT | os.O_WRONLY, mode)
    st = os.fstat(fd)
    os.close(fd)
    return st
one, other = made('one', 0o600), made('other', 0o644)
ret = call('renameat2', AT_FDCWD, b'one', AT_FDCWD, b'other', RENAME_EXCHANGE)
assert ret == 0 and os.stat('one').st_ino == other.st_ino
want('rename', ret, {
    'file.path': f'{DIR}/one', 'file.inode': one.st_ino, 'file.mode': one.st_mode,
    'file.destination.path': f'{DIR}/other', 'file.destination.inode': other.st_ino,
    'file.destination.mode': other.st_mode, 'tacho.detail.flags': ['RENAME_EXCHANGE']})
# What is known of the two has changed places with them.
want('unlink', call('unlink', b'one'), {'file.path': f'{DIR}/one', 'file.inode': other.st_ino, 'file.mode': other.st_mode})
want('unlink', call('unlink', b'other'), {'file.path': f'{DIR}/other', 'file.inode': one.st_ino, 'file.mode': one.st_mode})
",
    );
}

#[test]
fn renames_that_failed_tell_both_names() {
    check(
        "rename_failures",
        &["rename"],
        "
open('a', 'w').close()
open('b', 'w').close()
both = {'file.path': f'{DIR}/a', 'file.destination.path': f'{DIR}/b'}
want('rename', call('renameat2', AT_FDCWD, b'a', AT_FDCWD, b'b', 1), {**both, 'tacho.errno': 'EEXIST'})
want('rename', call('renameat2', AT_FDCWD, b'a', AT_FDCWD, b'b', 99), {**both, 'tacho.errno': 'EINVAL'})
want('rename', call('rename', b'absent', b'b'), {
    'file.path': f'{DIR}/absent', 'file.destination.path': f'{DIR}/b', 'tacho.errno': 'ENOENT'})
want('rename', call('rename', b'a/x', b'b'), {'file.path': f'{DIR}/a/x', 'tacho.errno': 'ENOTDIR'})
want('rename', call('rename', 16, b'b'), {'file.path': None, 'file.destination.path': f'{DIR}/b', 'tacho.errno': 'EFAULT'})
os.mkdir('closed', 0o755)
open('closed/a', 'w').close()
with nobody():
    want('rename', call('rename', b'closed/a', b'closed/b'), {
        **seen(path('closed/a')), 'file.destination.path': f'{DIR}/closed/b', 'tacho.errno': 'EACCES'})
",
    );
}

#[test]
fn each_way_to_link_tells_the_file_that_was_linked() {
    check(
        "link_variants",
        &["link"],
        "
os.close(os.open('file', os.O_CREAT | os.O_WRONLY, 0o640))
os.symlink('file', 'symlink')
os.mkdir('dir')
def told(ret, old, new, **more):
    assert ret == 0, ret
    members = {**seen(path(new), 'file.destination', times=False), 'file.inode': os.lstat(new).st_ino, **more}
    want('link', ret, {'file.path': f'{DIR}/{old}', **members} if old else members)
told(call('link', b'file', b'a'), 'file', 'a')
told(call('link', b'symlink', b'b'), 'symlink', 'b', **{'file.mode': os.lstat('symlink').st_mode})
told(call('linkat', AT_FDCWD, b'symlink', AT_FDCWD, path('c'), AT_SYMLINK_FOLLOW), 'file', 'c')
fd = os.open('file', os.O_RDONLY)
told(call('linkat', fd, b'', os.open('dir', os.O_RDONLY), b'd', AT_EMPTY_PATH), 'file', 'dir/d')
told(call('linkat', AT_FDCWD, b'/proc/self/fd/%d' % fd, AT_FDCWD, b'e', AT_SYMLINK_FOLLOW), 'file', 'e')
# A file without a name gets one.
O_TMPFILE = os.O_TMPFILE | os.O_WRONLY
nameless = os.open('.', O_TMPFILE, 0o604)
told(call('linkat', AT_FDCWD, b'/proc/self/fd/%d' % nameless, AT_FDCWD, b'f', AT_SYMLINK_FOLLOW), None, 'f', **{
    'file.mode': 0o100604, 'file.path': ANY})
",
    );
}

#[test]
fn links_that_failed_tell_both_names() {
    check(
        "link_failures",
        &["link"],
        "
os.close(os.open('a', os.O_CREAT | os.O_WRONLY, 0o600))
open('b', 'w').close()
both = {'file.path': f'{DIR}/a', 'file.destination.path': f'{DIR}/b'}
want('link', call('link', b'a', b'b'), {**both, 'tacho.errno': 'EEXIST'})
want('link', call('linkat', AT_FDCWD, b'a', AT_FDCWD, b'b', 1), {**both, 'tacho.errno': 'EINVAL'})
want('link', call('link', b'absent', b'c'), {'file.path': f'{DIR}/absent', 'tacho.errno': 'ENOENT'})
os.mkdir('d')
want('link', call('link', b'd', b'e'), {'file.path': f'{DIR}/d', 'tacho.errno': 'EPERM', 'file.inode': os.stat('d').st_ino})
with nobody():
    want('link', call('link', b'a', b'd/a'), {**both, 'file.destination.path': f'{DIR}/d/a', 'tacho.errno': ANY})
"
    );
}

#[test]
fn what_is_made_and_removed_is_told_with_its_facts() {
    check(
        "make_and_remove",
        &["mkdir", "rmdir", "unlink"],
        "
def made(ret, name, mode):
    assert ret == 0, ret
    want('mkdir', ret, {**seen(path(name), times=False), 'file.destination.mode': mode})
made(call('mkdir', b'a', 0o751), 'a', 0o751)
dir = os.open('a', os.O_RDONLY)
made(call('mkdirat', dir, b'b', 0o700), 'a/b', 0o700)
for name in ('x', 'y', 'a/z'):
    os.close(os.open(name, os.O_CREAT | os.O_WRONLY, 0o640))
def gone(kind, name, made, before=None, **more):
    st = before or os.lstat(name)
    ret = made()
    assert ret == 0, ret
    want(kind, ret, {
        'file.path': f'{DIR}/{name}', 'file.inode': st.st_ino, 'file.mode': st.st_mode, 'file.uid': st.st_uid,
        'file.mount_path': ANY, 'tacho.file.facts': 'cache', **more})
gone('unlink', 'x', lambda: call('unlink', b'x'), **{'file.flags': None})
gone('unlink', 'y', lambda: call('unlinkat', AT_FDCWD, path('y'), 0))
gone('unlink', 'a/z', lambda: call('unlinkat', dir, b'z', 0))
stay()
gone('rmdir', 'a/b', lambda: call('unlinkat', dir, b'b', AT_REMOVEDIR), **{'tacho.detail.flags': ['AT_REMOVEDIR']})
gone('rmdir', 'a', lambda: call('rmdir', path('a')))
",
    );
}

#[test]
fn what_could_not_be_made_or_removed_is_told_with_the_reason() {
    check(
        "make_and_remove_failures",
        &["mkdir", "rmdir", "unlink"],
        "
open('file', 'w').close()
os.mkdir('dir', 0o755)
open('dir/file', 'w').close()
scenario_begins()
def failed(kind, ret, path, error, **more):
    want(kind, ret, {'file.path': path and f'{DIR}/{path}', 'tacho.errno': error, **more})
failed('mkdir', call('mkdir', b'file', 0o700), 'file', 'EEXIST')
failed('mkdir', call('mkdir', b'absent/x', 0o700), 'absent/x', 'ENOENT')
failed('mkdir', call('mkdirat', AT_FDCWD, b'file/x', 0o700), 'file/x', 'ENOTDIR')
failed('mkdir', call('mkdir', 16, 0o700), None, 'EFAULT')
failed('rmdir', call('rmdir', b'dir'), 'dir', 'ENOTEMPTY')
failed('rmdir', call('rmdir', b'file'), 'file', 'ENOTDIR')
failed('rmdir', call('unlinkat', AT_FDCWD, b'absent', AT_REMOVEDIR), 'absent', 'ENOENT')
failed('unlink', call('unlink', b'dir'), 'dir', 'EISDIR')
failed('unlink', call('unlink', b'absent'), 'absent', 'ENOENT')
failed('unlink', call('unlinkat', AT_FDCWD, b'file', AT_EMPTY_PATH), 'file', 'EINVAL')
# As long as a path may be, and one byte longer.
long = (b'x' * 254 + b'/') * 16 + b'z' * 15
want('unlink', call('unlink', long), {'file.path': f'{DIR}/{long.decode()}', 'tacho.errno': 'ENOENT',
    'file.path_resolution_error': 'not looked up: the call failed (errno 2)'})
want('unlink', call('unlink', long + b'y'), {'tacho.errno': 'ENAMETOOLONG', 'file.path_resolution_error': ANY})
with nobody():
    failed('mkdir', call('mkdir', b'dir/x', 0o700), 'dir/x', 'EACCES')
    failed('unlink', call('unlink', b'dir/file'), 'dir/file', 'EACCES', **seen(path('dir/file')))
"
    );
}
