//! splice, and the flags of the pipe before and after.

use super::harness::check_with;

#[test]
fn each_direction_tells_the_file_and_the_pipes_newest_buffer() {
    check_with(
        "splice_variants",
        &["--everything"],
        &["splice"],
        "
MERGE, PACKET, GIFT = ('PIPE_BUF_FLAG_' + name for name in ('CAN_MERGE', 'PACKET', 'GIFT'))
open('data', 'wb').write(b'x' * 1000)
open('out', 'wb').close()
source, out = os.open('data', os.O_RDONLY), os.open('out', os.O_WRONLY)
of = {name: seen(path(name)) for name in ('data', 'out')}
def untimed(name):
    # Writing moves the times.
    return {key: value for key, value in of[name].items() if not key.endswith('_time')}
def told(before, after, length, flags=None, **more):
    return {'splice.pipe_entry_flag': before, 'splice.pipe_exit_flag': after, 'tacho.detail.length': length,
            'tacho.detail.flags': flags, 'evt.category': 'File Activity', **more}
r, w = os.pipe()
want('splice', call('splice', source, None, w, None, 100, 0), told('', '', 100, **of['data']))
os.write(w, b'abc')
offset = ctypes.c_int64(10)
# Another buffer follows the one that can be added to.
want('splice', call('splice', source, ctypes.byref(offset), w, None, 5, 4), told(MERGE, '', 5, ['SPLICE_F_MORE'], **of['data']))
want('splice', call('splice', r, None, out, None, 4096, 1), told('', '', 4096, ['SPLICE_F_MOVE'], **untimed('out')))
# A slot that is empty again still has its flags: that is how old data can be written to (CVE-2022-0847).
r, w = os.pipe()
os.write(w, b'abc')
os.read(r, 3)
want('splice', call('splice', source, None, w, None, 1, 0), told(MERGE, '', 1, **of['data']))
# From pipe to pipe there is no file; the flags are those of the one that is written to.
r2, w2 = os.pipe2(os.O_DIRECT)
os.write(w2, b'packet')
want('splice', call('splice', r, None, w2, None, 1, 0), told(PACKET, '', 1, **{'file': None}))
# Of a socket there is no path.
import socket
a, b = socket.socketpair()
r, w = os.pipe()
os.write(w, b'abc')
want('splice', call('splice', r, None, a.fileno(), None, 3, 0), told(MERGE, MERGE, 3, **{'file.inode': os.fstat(a.fileno()).st_ino}))
want('splice', call('splice', source, None, out, None, 1, 0), told('', '', 1, **{'tacho.errno': 'EINVAL'}, **of['data']))
want('splice', call('splice', 999, None, w, None, 1, 0), told(MERGE, MERGE, 1, **{'tacho.errno': 'EBADF', 'file': None}))
",
    );
}
