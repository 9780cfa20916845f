//! mount, the new mount API, and umount, in mount namespaces of their own and in the recorder's.

use super::harness::check;

/// What the programs below have in common.
const COMMON: &str = "
MS_REMOUNT, MS_BIND, MS_MOVE, MS_REC, MS_PRIVATE, MS_RDONLY = 32, 4096, 8192, 16384, 1 << 18, 1
CLONE_NEWNS = 0x20000

def alone():
    assert libc.unshare(CLONE_NEWNS) == 0
    want('mount', call('mount', None, b'/', None, MS_REC | MS_PRIVATE, None), {'mount.mountpoint.path': '/'})

def at(place):
    \"\"\"The topmost mount at a place: id and what mountinfo says.\"\"\"
    return [(id, mount) for id, mount in mounts().items() if mount[3] == f'{DIR}/{place}'][-1]

def mounted(ret, place, covered, **more):
    assert ret == 0, ret
    id, (parent, device, root, point, kind, source) = at(place)
    top = os.stat(place)
    want('mount', ret, {
        'file': None, 'mount.mount_id': id, 'mount.parent_mount_id': parent, 'mount.device': device,
        'mount.fs_type': kind, 'mount.mountpoint.path': point, 'mount.mp.path': point,
        'mount.mp.inode': covered.st_ino, 'mount.mp.mode': covered.st_mode, 'mount.mp.mount_id': parent,
        'mount.root.path': root, 'mount.root.inode': top.st_ino, 'mount.root.mode': top.st_mode,
        'mount.root.mount_id': id, 'mount.root.filesystem': kind, **more})
    return id
";

fn scenario(test: &str, kinds: &[&str], script: &str) {
    check(test, kinds, &format!("{COMMON}\n{script}"));
}

#[test]
fn a_new_mount_tells_its_ids_device_root_and_the_directory_beneath() {
    scenario(
        "mount_new",
        &["mount", "umount"],
        "
alone()
os.mkdir('t', 0o711)
beneath = os.stat('t')
first = mounted(call('mount', b'none', b't', b'tmpfs', 0, b'mode=700'), 't', beneath, **{
    'mount.bind_src_mount_id': 0, 'tacho.detail.source': 'none', 'mount.source.path': None})
# On top of it another: the directory beneath is the root of the first.
beneath = os.stat('t')
second = mounted(call('mount', b'none', path('t'), b'tmpfs', MS_RDONLY, None), 't', beneath, **{
    'mount.parent_mount_id': first, 'tacho.detail.flags': ['MS_RDONLY']})
for id in (second, first):
    ret = call('umount2', b't', 2)
    want('umount', ret, {
        'file.path': f'{DIR}/t', 'file.new_mount_id': id,
        'tacho.detail.flags': ['MNT_DETACH'], 'tacho.detail.path': 't'})
",
    );
}

#[test]
fn a_bind_mount_tells_what_it_shows_and_by_which_mount() {
    scenario(
        "mount_bind",
        &["mount"],
        "
alone()
os.makedirs('source/inner')
os.mkdir('target')
whole = mount_of(os.open('.', os.O_RDONLY))
beneath = os.stat('target')
mounted(call('mount', b'source/inner', b'target', b'none', MS_BIND, None), 'target', beneath, **{
    'mount.bind_src_mount_id': whole, 'tacho.detail.flags': ['MS_BIND'], 'tacho.detail.source': 'source/inner'})
stay()
# Onto itself: it was seen through the mount below until then.
beneath = os.stat('source')
mounted(call('mount', path('source'), path('source'), None, MS_BIND, None), 'source', beneath, **{
    'mount.bind_src_mount_id': whole, 'mount.source.path': f'{DIR}/source'})
# A tree of mounts: the one asked for is its top, not its newest.
os.mkdir('tree')
os.mkdir('copy')
beneath = os.stat('tree')
mounted(call('mount', b'none', b'tree', b'tmpfs', 0, None), 'tree', beneath)
os.mkdir('tree/leaf')
beneath = os.stat('tree/leaf')
mounted(call('mount', b'none', b'tree/leaf', b'tmpfs', 0, None), 'tree/leaf', beneath)
ret = call('mount', b'tree', b'copy', None, MS_BIND | MS_REC, None)
id, (parent, device, root, point, kind, source) = at('copy')
want('mount', ret, {
    'mount.mount_id': id, 'mount.parent_mount_id': parent, 'mount.device': device, 'mount.fs_type': kind,
    'mount.mountpoint.path': point, 'mount.root.path': root, 'mount.root.inode': os.stat('copy').st_ino,
    'tacho.detail.flags': ['MS_BIND', 'MS_REC']})
stay()
",
    );
}

#[test]
fn a_mount_that_is_copied_to_a_peer_is_told_where_the_caller_put_it() {
    scenario(
        "mount_shared",
        &["mount"],
        "
alone()
MS_SHARED = 1 << 20
os.mkdir('one')
os.mkdir('peer')
beneath = os.stat('one')
id = mounted(call('mount', b'none', b'one', b'tmpfs', 0, None), 'one', beneath)
want('mount', call('mount', None, b'one', None, MS_SHARED, None), {
    'mount.mount_id': id, 'mount.mountpoint.path': f'{DIR}/one', 'tacho.detail.flags': ['MS_SHARED']})
stay()
beneath = os.stat('peer')
mounted(call('mount', b'one', b'peer', None, MS_BIND, None), 'peer', beneath, **{
    'mount.bind_src_mount_id': id, 'tacho.detail.group_id': ANY})
os.mkdir('one/x')
ret = call('mount', b'none', b'one/x', b'tmpfs', 0, None)
assert os.path.ismount('peer/x')
id, (parent, device, root, point, kind, source) = at('one/x')
want('mount', ret, {
    'mount.mount_id': id, 'mount.parent_mount_id': parent, 'mount.device': device, 'mount.fs_type': 'tmpfs',
    'mount.mountpoint.path': point, 'mount.root.path': root, 'mount.root.inode': os.stat('one/x').st_ino})
stay()
",
    );
}

#[test]
fn remounting_and_moving_tell_the_mount_that_was_there() {
    scenario(
        "mount_changed",
        &["mount"],
        "
alone()
os.mkdir('t')
os.mkdir('u')
beneath = os.stat('t')
id = mounted(call('mount', b'none', b't', b'tmpfs', 0, None), 't', beneath)
want('mount', call('mount', None, b't', None, MS_REMOUNT | MS_RDONLY, None), {
    'mount.mount_id': id, 'mount.mountpoint.path': f'{DIR}/t', 'tacho.detail.flags': ['MS_RDONLY', 'MS_REMOUNT']})
stay()
want('mount', call('mount', b't', b'u', None, MS_MOVE, None), {
    'mount.mount_id': id, 'mount.mountpoint.path': f'{DIR}/u', 'tacho.detail.flags': ['MS_MOVE']})
stay()
",
    );
}

#[test]
fn a_mount_by_the_new_calls_is_told_when_it_is_attached() {
    scenario(
        "mount_by_descriptor",
        &["mount"],
        "
alone()
MOVE_MOUNT_F_EMPTY_PATH, OPEN_TREE_CLONE = 4, 1
os.mkdir('t')
beneath = os.stat('t')
fs = call('fsopen', b'tmpfs', 0)
if fs == -errno.ENOSYS:
    want('mount', call('move_mount', fs, b'', AT_FDCWD, b't', MOVE_MOUNT_F_EMPTY_PATH))
else:
    FSCONFIG_SET_STRING, FSCONFIG_CMD_CREATE = 1, 6
    assert call('fsconfig', fs, FSCONFIG_SET_STRING, b'source', b'my-source', 0) == 0
    assert call('fsconfig', fs, FSCONFIG_CMD_CREATE, None, None, 0) == 0
    mount = call('fsmount', fs, 0, 0)
    ret = call('move_mount', mount, b'', AT_FDCWD, b't', MOVE_MOUNT_F_EMPTY_PATH)
    mounted(ret, 't', beneath, **{'tacho.detail.source': 'my-source'})
    os.mkdir('source')
    os.mkdir('u')
    beneath = os.stat('u')
    tree = call('open_tree', AT_FDCWD, b'source', OPEN_TREE_CLONE)
    ret = call('move_mount', tree, b'', AT_FDCWD, path('u'), MOVE_MOUNT_F_EMPTY_PATH)
    mounted(ret, 'u', beneath)
    os.mkdir('v')
    id, _ = at('t')
    ret = call('move_mount', AT_FDCWD, b't', AT_FDCWD, b'v', 0)
    want('mount', ret, {'mount.mount_id': id, 'mount.mountpoint.path': f'{DIR}/v'})
stay()
",
    );
}

#[test]
fn mounts_of_the_recorders_own_namespace_are_told_and_so_is_their_end() {
    scenario(
        "mount_here",
        &["mount", "umount", "mkdir"],
        "
os.mkdir('t', 0o750)
beneath = os.stat('t')
stay()
want('mkdir', 0, {'file.path': f'{DIR}/t', 'file.inode': beneath.st_ino})
id = mounted(call('mount', b'none', b't', b'tmpfs', 0, b'mode=755'), 't', beneath)
os.mkdir('t/inside')
want('mkdir', 0, {
    'file.path': f'{DIR}/t/inside', 'file.inode': os.stat('t/inside').st_ino, 'file.mount_id': id,
    'file.mount_path': f'{DIR}/t', 'file.mount_source': 'mount_id', 'file.mount_origin': 'event',
    'file.filesystem': 'tmpfs'})
stay()
want('umount', call('umount2', path('t'), 0), {
    'file.path': f'{DIR}/t', 'file.inode': beneath.st_ino, 'file.new_mount_id': id, 'tacho.detail.flags': None})
",
    );
}

#[test]
fn mounts_that_failed_tell_what_was_asked_for() {
    scenario(
        "mount_failures",
        &["mount", "umount"],
        "
open('file', 'w').close()
os.mkdir('t', 0o700)
nothing = {'mount.mount_id': 0, 'mount.parent_mount_id': 0, 'mount.device': 0}
want('mount', call('mount', b'none', b'absent', b'tmpfs', 0, None), {
    'mount.mountpoint.path': f'{DIR}/absent', 'mount.fs_type': 'tmpfs', 'mount.mountpoint.path_error': ANY,
    'tacho.errno': 'ENOENT', **nothing})
want('mount', call('mount', b'none', b'file/t', b'tmpfs', 0, None), {'tacho.errno': 'ENOTDIR', **nothing})
want('mount', call('mount', b'none', b't', b'no-such-type', 0, None), {
    'mount.mountpoint.path': f'{DIR}/t', 'mount.fs_type': 'no-such-type', 'tacho.errno': 'ENODEV', **nothing})
want('mount', call('mount', b'none', 16, b'tmpfs', 0, None), {
    'mount.mountpoint.path': None, 'tacho.errno': 'EFAULT', **nothing})
want('umount', call('umount2', b't', 0), {
    'file.path': f'{DIR}/t', 'file.new_mount_id': None, 'tacho.errno': 'EINVAL'})
want('umount', call('umount2', b'absent', 8), {
    'file.path': f'{DIR}/absent', 'tacho.errno': 'ENOENT', 'tacho.detail.flags': ['UMOUNT_NOFOLLOW']})
with nobody():
    want('mount', call('mount', b'none', b't', b'tmpfs', 0, None), {
        'mount.mountpoint.path': f'{DIR}/t', 'mount.mp.inode': os.stat('t').st_ino, 'tacho.errno': 'EPERM',
        'process.credentials.euid': 65534, **nothing})
    want('umount', call('umount2', b't', 0), {
        **seen(path('t')), 'file.new_mount_id': None, 'tacho.errno': 'EPERM'})
    want('mount', call('move_mount', 999, b'', AT_FDCWD, b't', 4), {
        'mount.mountpoint.path': f'{DIR}/t', 'tacho.errno': 'EPERM', **nothing})
",
    );
}
