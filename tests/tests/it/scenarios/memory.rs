//! mmap and mprotect.

use super::harness::check_with;

#[test]
fn a_mapping_tells_address_file_and_flags() {
    check_with(
        "mmap_variants",
        &[],
        &["mmap"],
        "
READ, WRITE, EXEC = 1, 2, 4
SHARED, PRIVATE, FIXED, ANON = 1, 2, 16, 32
fd = os.open('data', os.O_RDWR | os.O_CREAT, 0o640)
os.ftruncate(fd, 3 * 4096)
file = seen(path('data'))
def mapped(address, length, protection, flags, offset=0, **more):
    return {'mmap.address': hex(address), 'mmap.length': length, 'mmap.protection': protection, 'mmap.flags': flags,
            'mmap.offset': offset, 'evt.category': 'Kernel Activity', **more}
def at(address):
    return any(line.startswith(f'{address:x}-') for line in open('/proc/self/maps'))
it = call('mmap', 0, 8192, READ | EXEC, PRIVATE, fd, 4096)
want('mmap', it, mapped(it, 8192, 'PROT_EXEC | PROT_READ', 'MAP_PRIVATE', 4096, **file))
assert at(it)
# Anonymous: the descriptor means nothing.
it = call('mmap', 0, 4096, READ | WRITE | EXEC, SHARED | ANON, fd, 0)
want('mmap', it, mapped(it, 4096, 'PROT_EXEC | PROT_READ | PROT_WRITE', 'MAP_ANONYMOUS | MAP_SHARED', file=None))
it = call('mmap', it, 4096, EXEC, SHARED | FIXED, fd, 8192)
want('mmap', it, mapped(it, 4096, 'PROT_EXEC', 'MAP_FIXED | MAP_SHARED', 8192, **file))
memory = call('memfd_create', b'code', 0)
os.ftruncate(memory, 4096)
it = call('mmap', 0, 4096, EXEC, PRIVATE, memory, 0)
want('mmap', it, mapped(it, 4096, 'PROT_EXEC', 'MAP_PRIVATE', **{'file.name': 'memfd:code', 'file.inode': os.fstat(memory).st_ino}))
# Data is left out by default, but not if it fails.
assert call('mmap', 0, 4096, READ, PRIVATE, fd, 0) > 0
want('mmap', call('mmap', 0, 0, READ, PRIVATE, fd, 0), mapped(0, 0, 'PROT_READ', 'MAP_PRIVATE', **{'tacho.errno': 'EINVAL'}, **file))
want('mmap', call('mmap', 0, 4096, READ, PRIVATE, 999, 0), mapped(0, 4096, 'PROT_READ', 'MAP_PRIVATE', **{'tacho.errno': 'EBADF', 'file.path': None}))
wronly = os.open('data', os.O_WRONLY)
want('mmap', call('mmap', 0, 4096, READ | WRITE, SHARED, wronly, 0), mapped(
    0, 4096, 'PROT_READ | PROT_WRITE', 'MAP_SHARED', **{'tacho.errno': 'EACCES'}, **file))
",
    );
}

#[test]
fn mprotect_tells_the_area_as_it_was_before() {
    check_with(
        "mprotect_variants",
        &[],
        &["mprotect"],
        "
READ, WRITE, EXEC = 1, 2, 4
SHARED, ANON = 1, 32
WORDS = dict(rd='VM_READ', wr='VM_WRITE', ex='VM_EXEC', sh='VM_SHARED', mr='VM_MAYREAD', mw='VM_MAYWRITE', me='VM_MAYEXEC',
             ms='VM_MAYSHARE', ac='VM_ACCOUNT', sd='VM_SOFTDIRTY')
def area(address):
    '''Start, end and flags of the area that holds an address, as smaps tells them.'''
    inside = False
    for line in open('/proc/self/smaps'):
        head = line.split()[0]
        if '-' in head and ':' not in head:
            start, end = (int(part, 16) for part in head.split('-'))
            inside = start <= address < end
        elif inside and head == 'VmFlags:':
            return start, end, ' | '.join(sorted(WORDS[flag] for flag in line.split()[1:]))
def told(address, requested, **more):
    start, end, flags = area(address)
    return {'mprotect.vm_start': hex(start), 'mprotect.vm_end': hex(end), 'mprotect.vm_protection': flags,
            'mprotect.req_protection': requested, 'evt.category': 'Kernel Activity', **more}
# Shared, so that the kernel joins it with no neighbour.
it = call('mmap', 0, 4 * 4096, READ | WRITE, SHARED | ANON, -1, 0)
page = it + 4096
before = told(page, 'VM_EXEC | VM_READ')
assert before['mprotect.vm_start'] == hex(it) and before['mprotect.vm_end'] == hex(it + 4 * 4096)
before |= {'tacho.detail.start': hex(page), 'tacho.detail.end': hex(page + 4096)}
want('mprotect', call('mprotect', page, 100, READ | EXEC), before)
# Now it is an area of its own.
before = told(page, 'VM_EXEC | VM_READ | VM_WRITE', **{'tacho.detail': None})
assert before['mprotect.vm_start'] == hex(page) and 'VM_EXEC' in before['mprotect.vm_protection']
want('mprotect', call('mprotect', page, 4096, READ | WRITE | EXEC), before)
before = told(page, 'VM_EXEC')
want('mprotect', call(329, page, 4096, EXEC, -1), before)
# Without execution it is left out by default, but not if it fails.
assert call('mprotect', page, 4096, READ) == 0
before = told(page, 'VM_READ')
want('mprotect', call('mprotect', page + 1, 4096, READ), {**before, 'tacho.errno': 'EINVAL'})
want('mprotect', call('mprotect', 0x1000, 4096, READ), {
    'mprotect.vm_start': '0x1000', 'mprotect.vm_end': '0x2000', 'mprotect.vm_protection': '',
    'mprotect.req_protection': 'VM_READ', 'tacho.errno': 'ENOMEM', 'tacho.detail.before_unknown': True})
fd = os.open('data', os.O_RDONLY | os.O_CREAT, 0o640)
os.truncate('data', 4096)
it = call('mmap', 0, 4096, READ, SHARED, fd, 0)
before = told(it, 'VM_READ | VM_WRITE')
want('mprotect', call('mprotect', it, 4096, READ | WRITE), {**before, 'tacho.errno': 'EACCES'})
",
    );
}
