//! setxattr and removexattr in all their forms.

use super::harness::check;

#[test]
fn each_call_that_sets_or_removes_an_attribute_names_it() {
    check(
        "xattr_variants",
        &["setxattr", "removexattr"],
        "
XATTR_CREATE, XATTR_REPLACE = 1, 2
fd = os.open('file', os.O_CREAT | os.O_RDWR, 0o640)
os.symlink('file', 'link')
def set(name, ret, size, flags, what='file'):
    assert ret == 0, ret
    want('setxattr', ret, {
        **seen(path(what), times=False), 'file.destination.attribute_name': name,
        'file.destination.attribute_namespace': name.split('.')[0], 'tacho.detail.size': size,
        'tacho.detail.flags': flags or None})
def removed(name, ret, what='file'):
    assert ret == 0, ret
    want('removexattr', ret, {
        **seen(path(what), times=False), 'file.destination.attribute_name': name,
        'file.destination.attribute_namespace': name.split('.')[0]})
set('user.a', call('setxattr', b'file', b'user.a', b'value', 5, 0), 5, [])
set('user.b', call('setxattr', path('link'), b'user.b', b'value', 3, XATTR_CREATE), 3, ['XATTR_CREATE'])
set('trusted.c', call('lsetxattr', b'link', b'trusted.c', b'', 0, 0), 0, [], 'link')
set('user.a', call('fsetxattr', fd, b'user.a', b'other', 5, XATTR_REPLACE), 5, ['XATTR_REPLACE'])
value = ctypes.create_string_buffer(b'four')
given = struct.pack('QII', ctypes.addressof(value), 4, XATTR_CREATE)
ret = call('setxattrat', AT_FDCWD, b'file', 0, b'user.d', given, 16)
if ret == -errno.ENOSYS:
    want('setxattr', ret)
else:
    set('user.d', ret, 4, ['XATTR_CREATE'])
    removed('user.d', call('removexattrat', fd, b'', AT_EMPTY_PATH, b'user.d'))
removed('user.a', call('removexattr', b'file', b'user.a'))
removed('trusted.c', call('lremovexattr', b'link', b'trusted.c'), 'link')
removed('user.b', call('fremovexattr', fd, b'user.b'))
",
    );
}

#[test]
fn attributes_that_could_not_be_set_or_removed_are_told_with_the_reason() {
    check(
        "xattr_failures",
        &["setxattr", "removexattr"],
        "
os.close(os.open('file', os.O_CREAT, 0o600))
name = {'file.destination.attribute_name': 'user.a', 'file.destination.attribute_namespace': 'user'}
want('setxattr', call('setxattr', b'absent', b'user.a', b'x', 1, 0), {
    'file.path': f'{DIR}/absent', 'tacho.errno': 'ENOENT', **name})
want('setxattr', call('setxattr', b'file', b'user.a', b'x', 1, 2), {
    'file.path': f'{DIR}/file', 'tacho.errno': 'ENODATA', 'tacho.detail.flags': ['XATTR_REPLACE'], **name})
want('setxattr', call('setxattr', b'file', 16, b'x', 1, 0), {
    'tacho.errno': 'EFAULT', 'file.destination.attribute_name': None})
want('removexattr', call('removexattr', b'file', b'user.a'), {
    'file.path': f'{DIR}/file', 'tacho.errno': 'ENODATA', **name})
long = b'user.' + b'x' * 300
want('setxattr', call('setxattr', b'file', long, b'x', 1, 0), {
    'tacho.errno': 'ERANGE', 'file.destination.attribute_name': long[:255].decode()})
with nobody():
    want('setxattr', call('setxattr', b'file', b'user.a', b'x', 1, 0), {
        **seen(path('file')), 'tacho.errno': 'EACCES', **name})
    want('removexattr', call('removexattr', b'file', b'trusted.x'), {
        **seen(path('file')), 'tacho.errno': 'EPERM', 'file.destination.attribute_namespace': 'trusted'})
",
    );
}
