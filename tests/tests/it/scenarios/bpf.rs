//! bpf: maps and programs made, used and refused.

use super::harness::check;

/// Attributes by command (`union bpf_attr`, include/uapi/linux/bpf.h).
const BPF: &str = "
CREATE, LOOKUP, UPDATE, DELETE, NEXT, LOAD, PIN, GET, ATTACH = 0, 1, 2, 3, 4, 5, 6, 7, 8
RUN, PROG_BY_ID, MAP_BY_ID, INFO, LOOKUP_BATCH = 10, 13, 14, 15, 24
keep = []
def address(data):
    keep.append(ctypes.create_string_buffer(data, len(data)))
    return ctypes.addressof(keep[-1])
def bpf(command, layout, *values):
    attributes = struct.pack('=' + layout, *values)
    return call('bpf', command, ctypes.c_void_p(address(attributes)), len(attributes))
def create(kind, name, key=4, value=8):
    return bpf(CREATE, '7I16s', kind, key, value, 16, 0, 0, 0, name)
def load(kind, name, instructions, attach=0, count=None):
    count = len(instructions) // 8 if count is None else count
    return bpf(LOAD, 'IIQQIIQII16sII', kind, count, address(instructions), address(b'GPL\\0'), 0, 0, 0, 0, 0, name, 0, attach)
def helper(number, source=0):
    return struct.pack('=BBhi', 0x85, source << 4, 0, number)
MOVE, EXIT = struct.pack('=BBhi', 0xb7, 0, 0, 0), struct.pack('=BBhi', 0x95, 0, 0, 0)
def info(fd, members):
    '''What the kernel says of a descriptor; the asking is an event too.'''
    data = ctypes.create_string_buffer(232)
    ret = bpf(INFO, 'IIQ', fd, 232, ctypes.addressof(data))
    assert ret == 0, ret
    want('bpf', 0, {'bpf.cmd': 'BPF_OBJ_GET_INFO_BY_FD', **members})
    return data.raw
def of_map(fd, kind, name):
    known = {'bpf.map.name': name, 'bpf.map.map_type': kind, 'bpf.program': None}
    number = struct.unpack('=II', info(fd, known)[:8])[1]
    return {**known, 'tacho.detail.map_id': number}
NO_MAP, NO_PROGRAM = {'bpf.map': None, 'tacho.detail.map_id': None}, {'bpf.program': None, 'tacho.detail.program_id': None}
";

fn scenario(test: &str, script: &str) {
    check(test, &["bpf"], &format!("{BPF}{script}"));
}

#[test]
fn a_map_is_told_when_it_is_made_and_whenever_it_is_used() {
    scenario(
        "bpf_maps",
        "
fd = create(1, b'tacho_map')
assert fd >= 0, fd
place = len(wanted)
mine = of_map(fd, 'BPF_MAP_TYPE_HASH', 'tacho_map')
wanted.insert(place, ['bpf', fd, threading.get_native_id(), {'bpf.cmd': 'BPF_MAP_CREATE', 'evt.category': 'Kernel Activity', **mine, **NO_PROGRAM}])
key, value = address(b'key1'), address(b'x' * 8)
want('bpf', bpf(UPDATE, 'IIQQQ', fd, 0, key, value, 0), {'bpf.cmd': 'BPF_MAP_UPDATE_ELEM', 'tacho.retval': 0, **mine})
want('bpf', bpf(LOOKUP, 'IIQQQ', fd, 0, key, value, 0), {'bpf.cmd': 'BPF_MAP_LOOKUP_ELEM', 'tacho.retval': 0, **mine})
want('bpf', bpf(NEXT, 'IIQQQ', fd, 0, 0, value, 0), {'bpf.cmd': 'BPF_MAP_GET_NEXT_KEY', 'tacho.retval': 0, **mine})
want('bpf', bpf(LOOKUP, 'IIQQQ', fd, 0, address(b'none'), value, 0), {
    'bpf.cmd': 'BPF_MAP_LOOKUP_ELEM', 'tacho.errno': 'ENOENT', **mine})
want('bpf', bpf(DELETE, 'IIQQQ', fd, 0, key, 0, 0), {'bpf.cmd': 'BPF_MAP_DELETE_ELEM', 'tacho.retval': 0, **mine})
# Without a place for the token of the next one.
want('bpf', bpf(LOOKUP_BATCH, 'QQQQIIQQ', 16, 0, 0, 0, 1, fd, 0, 0), {'bpf.cmd': 'BPF_MAP_LOOKUP_BATCH', 'evt.outcome': 'Error', **mine})
again = bpf(MAP_BY_ID, 'III', mine['tacho.detail.map_id'], 0, 0)
assert again >= 0, again
want('bpf', again, {'bpf.cmd': 'BPF_MAP_GET_FD_BY_ID', **mine})
array = create(2, b'')
assert array >= 0, array
want('bpf', array, {'bpf.cmd': 'BPF_MAP_CREATE', 'bpf.map.name': None, 'bpf.map.map_type': 'BPF_MAP_TYPE_ARRAY', 'tacho.detail.map_id': ANY})
",
    );
}

#[test]
fn a_program_is_told_with_its_tag_and_the_helpers_that_it_calls() {
    scenario(
        "bpf_programs",
        "
code = helper(7) + helper(5) + helper(7) + MOVE + EXIT
fd = load(1, b'tacho_prog', code)
assert fd >= 0, fd
place = len(wanted)
known = {'bpf.program.name': 'tacho_prog', 'bpf.program.program_type': 'BPF_PROG_TYPE_SOCKET_FILTER', **NO_MAP}
data = info(fd, known)
known |= {'bpf.program.tag': data[8:16].hex(), 'tacho.detail.program_id': struct.unpack('=I', data[4:8])[0]}
helpers = {'bpf.program.helpers': ['BPF_KTIME_GET_NS', 'BPF_GET_PRANDOM_U32'], 'tacho.detail.helpers_truncated': None}
wanted.insert(place, ['bpf', fd, threading.get_native_id(), {'bpf.cmd': 'BPF_PROG_LOAD', **known, **helpers}])
again = bpf(PROG_BY_ID, 'III', known['tacho.detail.program_id'], 0, 0)
assert again >= 0, again
want('bpf', again, {'bpf.cmd': 'BPF_PROG_GET_FD_BY_ID', **known, 'bpf.program.helpers': None})
packet = address(b'\\0' * 64)
run = bpf(RUN, 'IIIIQQIIIIQQII', fd, 0, 64, 0, packet, 0, 1, 0, 0, 0, 0, 0, 0, 0)
want('bpf', run, {'tacho.retval': 0, **known})
want('bpf', bpf(ATTACH, 'IIII', 0xffff, fd, 0, 0), {'bpf.cmd': 'BPF_PROG_ATTACH', **known})
want('bpf', bpf(PIN, 'QII', address(b'/absent/pin\\0'), fd, 0), {'bpf.cmd': 'BPF_OBJ_PIN', 'tacho.errno': 'ENOENT', **known})
cgroup = load(8, b'tacho_cgroup', MOVE + EXIT, attach=1)
assert cgroup >= 0, cgroup
want('bpf', cgroup, {
    'bpf.program.program_type': 'BPF_PROG_TYPE_CGROUP_SKB', 'bpf.program.attach_type': 'BPF_CGROUP_INET_EGRESS', 'bpf.program.helpers': None})
long = load(1, b'tacho_long', helper(8) + MOVE * 1100 + helper(5) + MOVE + EXIT)
assert long >= 0, long
want('bpf', long, {
    'bpf.program.name': 'tacho_long', 'bpf.program.helpers': ['BPF_GET_SMP_PROCESSOR_ID'], 'tacho.detail.helpers_truncated': True})
",
    );
}

#[test]
fn what_was_refused_is_told_as_it_was_asked_for() {
    scenario(
        "bpf_refused",
        "
want('bpf', create(1, b'tacho_bad', key=0), {
    'bpf.cmd': 'BPF_MAP_CREATE', 'tacho.errno': 'EINVAL', 'bpf.map.name': 'tacho_bad', 'bpf.map.map_type': 'BPF_MAP_TYPE_HASH', 'tacho.detail.map_id': None})
# It leaves the result unset: the verifier refuses it.
want('bpf', load(1, b'tacho_bad', helper(7)), {
    'bpf.cmd': 'BPF_PROG_LOAD', 'tacho.errno': 'EINVAL', 'bpf.program.name': 'tacho_bad', 'bpf.program.tag': None,
    'bpf.program.program_type': 'BPF_PROG_TYPE_SOCKET_FILTER', 'bpf.program.helpers': ['BPF_GET_PRANDOM_U32'], 'tacho.detail.program_id': None})
with nobody():
    want('bpf', create(1, b'tacho_nobody'), {
        'evt.outcome': 'Refused', 'tacho.errno': 'EPERM', 'bpf.map.name': 'tacho_nobody', 'process.credentials.euid': 65534})
    want('bpf', load(2, b'tacho_nobody', MOVE + EXIT), {
        'evt.outcome': 'Refused', 'bpf.program.program_type': 'BPF_PROG_TYPE_KPROBE', 'bpf.program.name': 'tacho_nobody'})
# Neither a file of that name nor any other descriptor is a map.
file = os.open('bpf-map', os.O_RDWR | os.O_CREAT)
want('bpf', bpf(UPDATE, 'IIQQQ', file, 0, 0, 0, 0), {'bpf.cmd': 'BPF_MAP_UPDATE_ELEM', **NO_MAP, **NO_PROGRAM, 'evt.outcome': 'Error'})
want('bpf', bpf(UPDATE, 'IIQQQ', 0xffff, 0, 0, 0, 0), {'tacho.errno': 'EBADF', **NO_MAP})
want('bpf', call('bpf', LOAD, 16, 72), {'bpf.cmd': 'BPF_PROG_LOAD', 'tacho.errno': 'EFAULT', 'bpf.program': None})
want('bpf', call('bpf', 999, ctypes.c_void_p(address(b'\\0' * 8)), 8), {'bpf.cmd': '', 'tacho.errno': 'EINVAL', 'tacho.detail.command': 999})
",
    );
}
