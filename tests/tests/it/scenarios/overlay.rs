//! Files of an overlay: in which layer they were before the call.

use super::harness::check;

const MOUNTED: &str = "
assert libc.unshare(0x20000) == 0
call('mount', None, b'/', None, 1 << 14 | 1 << 18, None)
os.mkdir('layers')
# The layers are on a tmpfs: not every root file system may be one of an overlay.
assert call('mount', b'none', b'layers', b'tmpfs', 0, None) == 0
for name in ('lower', 'upper', 'work', 'merged'):
    os.mkdir(f'layers/{name}')
for name in ('read', 'written', 'truncated', 'mode', 'owner', 'times', 'attribute', 'linked', 'renamed', 'removed', 'late'):
    os.close(os.open(f'layers/lower/{name}', os.O_CREAT, 0o640))
os.mkdir('layers/lower/dir')
os.chdir('layers')
ret = call('mount', b'none', b'merged', b'overlay', 0, b'lowerdir=lower,upperdir=upper,workdir=work')
assert ret == 0, ret
os.chdir('merged')
scenario_begins()
MERGED = f'{DIR}/layers/merged'
LOWER, UPPER = {'file.in_upper_layer': False}, {'file.in_upper_layer': True}
def told(kind, ret, name, **more):
    assert ret >= 0, ret
    want(kind, ret, {'file.path': f'{MERGED}/{name}', **more})
";

fn overlay(test: &str, kinds: &[&str], script: &str) {
    if !std::fs::read_to_string("/proc/filesystems").unwrap().contains("\toverlay\n") {
        crate::host::skip(test, "this kernel has no overlay file system");
        return;
    }
    check(test, kinds, &format!("{MOUNTED}\n{script}"));
}

#[test]
fn an_open_tells_the_layer_before_the_file_is_copied_up() {
    overlay(
        "overlay_open",
        &["open", "unlink"],
        "
O = os.O_WRONLY
told('open', call('open', b'read', os.O_RDONLY), 'read', **LOWER, **{
    'file.filesystem': 'overlay', 'file.mount_path': MERGED, 'file.inode': os.stat('read').st_ino})
told('open', call('open', b'written', O), 'written', **LOWER)
stay()
told('open', call('open', b'written', O), 'written', **UPPER)
told('open', call('truncate', b'truncated', 0), 'truncated', **LOWER)
stay()
told('open', call('open', b'new', O | os.O_CREAT, 0o600), 'new', **UPPER)
told('unlink', call('unlink', b'read'), 'read', **LOWER)
told('unlink', call('unlink', b'written'), 'written', **UPPER)
told('unlink', call('unlink', b'new'), 'new', **UPPER)
stay()
",
    );
}

#[test]
fn a_change_tells_the_layer_before_the_file_is_copied_up() {
    overlay(
        "overlay_changes",
        &["chmod", "chown", "utimes", "setxattr", "link", "rename", "mkdir", "unlink"],
        "
def known(name):
    os.close(os.open(name, os.O_RDONLY))
for name in ('mode', 'owner', 'times', 'attribute', 'linked', 'renamed', 'removed'):
    known(name)
times = struct.pack('qqqq', 1, 2, 3, 4)
told('chmod', call('chmod', b'mode', 0o600), 'mode', **LOWER)
told('chmod', call('chmod', b'mode', 0o611), 'mode', **UPPER)
told('chown', call('chown', b'owner', 1, 2), 'owner', **LOWER)
told('utimes', call('utimensat', AT_FDCWD, b'times', times, 0), 'times', **LOWER)
told('setxattr', call('setxattr', b'attribute', b'trusted.x', b'y', 1, 0), 'attribute', **LOWER)
told('link', call('link', b'linked', b'second'), 'linked', **LOWER, **{'file.destination.in_upper_layer': True})
told('rename', call('rename', b'renamed', b'moved'), 'renamed', **LOWER, **{'file.destination.in_upper_layer': True})
told('unlink', call('unlink', b'removed'), 'removed', **LOWER)
told('unlink', call('unlink', b'mode'), 'mode', **UPPER)
told('mkdir', call('mkdir', b'made', 0o700), 'made', **UPPER)
# Nothing told of this one before.
told('chmod', call('chmod', b'late', 0o600), 'late', **LOWER)
stay()
",
    );
}
