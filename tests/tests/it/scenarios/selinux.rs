//! SELinux where there is none: the attempt to reach its files is told. Its changes are tested with a file system that is
//! taken for selinuxfs (`recorder/tests/kernel_probes/objects.rs`) and with what was written (convert/selinux.rs).

use super::harness::check;

#[test]
fn the_attempt_to_switch_selinux_off_is_told_where_it_fails() {
    if std::fs::exists("/sys/fs/selinux/enforce").unwrap() {
        crate::host::skip("selinux_absent", "this machine has SELinux, which no test may switch off");
        return;
    }
    check(
        "selinux_absent",
        &["open", "selinux"],
        "
want('open', call('open', b'/sys/fs/selinux/enforce', os.O_WRONLY), {
    'file.path': '/sys/fs/selinux/enforce', 'tacho.errno': 'ENOENT', 'file.flags': ['O_WRONLY']})
",
    );
}
