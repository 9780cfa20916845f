"""A ring over the raw syscalls (io_uring(7)), and requests that say what event each must leave."""
import mmap, socket

SETUP, ENTER, REGISTER = 425, 426, 427
SETUP_SQPOLL, SQE_FIXED_FILE, SQE_LINK, SQE_ASYNC, SQE_SILENT = 2, 1, 4, 16, 64
ACCEPT, CONNECT, OPENAT, OPENAT2 = 13, 16, 18, 28
RENAMEAT, UNLINKAT, MKDIRAT, LINKAT, FSETXATTR, SETXATTR, FTRUNCATE, BIND = 35, 36, 37, 39, 41, 42, 55, 56


class Ring:
    def __init__(self, flags=0, entries=16):
        self.params = ctypes.create_string_buffer(struct.pack('6I', 0, 0, flags, 0, 2000, 0), 120)
        self.fd = call(SETUP, entries, self.params)
        assert self.fd >= 0, self.fd
        sq = struct.unpack_from('10I', self.params, 40)
        cq = struct.unpack_from('10I', self.params, 80)
        self.sqes = mmap.mmap(self.fd, 64 * entries, offset=0x10000000)
        self.rings = mmap.mmap(self.fd, max(sq[6] + 4 * entries, cq[5] + 16 * 2 * entries), offset=0)
        self.tail, self.mask, self.sqflags, self.array = sq[1], sq[2], sq[4], sq[6]
        self.chead, self.ctail, self.cmask, self.cqes = cq[0], cq[1], cq[2], cq[5]
        self.kept, self.queued, self.count, self.polled = [], 0, 0, flags & SETUP_SQPOLL

    def word(self, at, value=None):
        if value is not None:
            struct.pack_into('I', self.rings, at, value & 0xffffffff)
        return struct.unpack_from('I', self.rings, at)[0]

    def address(self, data):
        if not isinstance(data, bytes):
            return data or 0
        self.kept.append(ctypes.create_string_buffer(data, len(data) + 1))
        return ctypes.addressof(self.kept[-1])

    def queue(self, opcode, fd, addr=0, length=0, off=0, op=0, flags=0, slot=0, addr3=0):
        """Number of the request."""
        place = self.word(self.tail)
        index = place & self.word(self.mask)
        self.count += 1
        struct.pack_into('BBHiQQIIQHHIQQ', self.sqes, 64 * index, opcode, flags, 0, fd, self.address(off), self.address(addr),
                         length & 0xffffffff, op, self.count, 0, 0, slot, self.address(addr3), 0)
        self.word(self.array + 4 * index, index)
        self.word(self.tail, place + 1)
        self.queued += 1
        return self.count

    def run(self, answers=None):
        """Results by number of the request, once as many came as were queued."""
        answers = self.queued if answers is None else answers
        flags = 1 | (2 if self.polled and self.word(self.sqflags) & 1 else 0)
        ret = call(ENTER, self.fd, self.queued, answers, flags, None, 0)
        assert ret == self.queued, ret
        self.queued, results = 0, {}
        while len(results) < answers:
            head = self.word(self.chead)
            if head == self.word(self.ctail):
                assert call(ENTER, self.fd, 0, 1, 1, None, 0) >= 0
                continue
            data, res, _ = struct.unpack_from('QiI', self.rings, self.cqes + 16 * (head & self.word(self.cmask)))
            self.word(self.chead, head + 1)
            results[data] = res
        return results

    def one(self, *args, **more):
        number = self.queue(*args, **more)
        return self.run()[number]

    def thread(self):
        """Who submits: the ring's polling thread, or this one."""
        if not self.polled:
            return threading.get_native_id()
        for task in os.listdir('/proc/self/task'):
            if open(f'/proc/self/task/{task}/comm').read().startswith('iou-sqp'):
                return int(task)


def told(ring, kind, ret, members):
    wanted.append([kind, ret, ring.thread(), {'evt.async': True, **members}])
    return ret


def facts(fd):
    st = os.fstat(fd)
    return {'file.inode': st.st_ino, 'file.mode': st.st_mode, 'file.uid': st.st_uid, 'file.gid': st.st_gid}


def how(flags, mode=0, resolve=0):
    return struct.pack('QQQ', flags, mode, resolve)


def every(ring, flags, prefix):
    """Each operation once, under names that begin with `prefix`."""
    O = os.O_CREAT | os.O_RDWR
    name = lambda text: f'{prefix}-{text}'.encode()
    at = lambda text: f'{DIR}/{prefix}-{text}'
    fd = ring.one(OPENAT, AT_FDCWD, name('a'), 0o640, op=O, flags=flags)
    assert fd >= 0, fd
    told(ring, 'open', fd, {
        'file.path': at('a'), 'file.flags': ['O_RDWR', 'O_CREAT'], 'file.destination.mode': 0o640,
        'tacho.file.created': True, 'tacho.file.facts': 'kernel', **facts(fd)})
    here = os.open('.', os.O_RDONLY)
    fd2 = ring.one(OPENAT2, here, name('b'), 24, off=how(O | os.O_EXCL, 0o604), flags=flags)
    told(ring, 'open', fd2, {
        'file.path': at('b'), 'file.flags': ['O_RDWR', 'O_CREAT', 'O_EXCL'], 'file.destination.mode': 0o604, **facts(fd2)})
    ret = ring.one(OPENAT, AT_FDCWD, name('absent'), 0, op=os.O_RDONLY, flags=flags)
    told(ring, 'open', ret, {'file.path': at('absent'), 'tacho.errno': 'ENOENT'})
    ret = ring.one(MKDIRAT, here, name('sub'), 0o750, flags=flags)
    told(ring, 'mkdir', ret, {**seen(at('sub'), times=False), 'file.destination.mode': 0o750})
    ret = ring.one(MKDIRAT, AT_FDCWD, name('sub'), 0o750, flags=flags)
    told(ring, 'mkdir', ret, {'file.path': at('sub'), 'tacho.errno': 'EEXIST'})
    ret = ring.one(LINKAT, AT_FDCWD, name('a'), here, off=name('hard'), flags=flags)
    told(ring, 'link', ret, {
        'file.path': at('a'), 'file.destination.path': at('hard'), 'file.destination.inode': os.fstat(fd).st_ino})
    ret = ring.one(RENAMEAT, here, name('hard'), AT_FDCWD, off=name('moved'), op=1, flags=flags)
    told(ring, 'rename', ret, {
        'file.path': at('hard'), 'file.destination.path': at('moved'), 'file.destination.inode': os.fstat(fd).st_ino})
    gone = os.open(at('gone'), O, 0o640)
    ret = ring.one(UNLINKAT, AT_FDCWD, name('gone'), flags=flags)
    told(ring, 'unlink', ret, {'file.path': at('gone'), 'tacho.file.facts': 'cache', **facts(gone)})
    ret = ring.one(UNLINKAT, here, name('gone'), flags=flags)
    told(ring, 'unlink', ret, {'file.path': at('gone'), 'tacho.errno': 'ENOENT'})
    os.mkdir(at('empty'))
    ret = ring.one(UNLINKAT, AT_FDCWD, at('empty').encode(), op=AT_REMOVEDIR, flags=flags)
    told(ring, 'rmdir', ret, {'file.path': at('empty')})
    ret = ring.one(FTRUNCATE, fd, off=100, flags=flags)
    if ret != -errno.EINVAL:  # since 6.9
        told(ring, 'open', ret, {'file.path': at('a'), 'file.flags': ['O_WRONLY', 'O_TRUNC'], **facts(fd)})
    xattr = {'file.destination.attribute_name': 'user.x', 'file.destination.attribute_namespace': 'user'}
    ret = ring.one(FSETXATTR, fd, b'user.x', 5, off=b'value', flags=flags)
    told(ring, 'setxattr', ret, {'file.path': at('a'), **facts(fd), **xattr, 'tacho.detail.size': 5})
    ret = ring.one(SETXATTR, 0, b'user.x', 3, off=b'val', addr3=name('b'), op=1, flags=flags)
    told(ring, 'setxattr', ret, {
        'file.path': at('b'), **facts(fd2), **xattr, 'tacho.detail.size': 3, 'tacho.detail.flags': ['XATTR_CREATE']})
    for used in (fd, fd2, gone, here):
        os.close(used)


def network(ring, flags, number):
    listener, client = socket.socket(), socket.socket()
    inet = lambda port: struct.pack('=H', 2) + struct.pack('>H', port) + bytes([127, 0, 0, 1]) + bytes(8)
    ip = '127.0.0.1'
    ret = ring.one(BIND, listener.fileno(), inet(0), off=16, flags=flags)
    if ret == -errno.EINVAL:  # since 6.11
        listener.bind((ip, 0))
    else:
        told(ring, 'bind', ret, {'tacho.detail.addr.ip': ip})
        ret = ring.one(BIND, listener.fileno(), inet(0), off=16, flags=flags)
        told(ring, 'bind', ret, {'tacho.errno': 'EINVAL'})
    listener.listen()
    port = listener.getsockname()[1]
    ret = ring.one(CONNECT, client.fileno(), inet(port), off=16, flags=flags)
    told(ring, 'connect', ret, {'tacho.detail.addr.ip': ip, 'tacho.detail.addr.port': port})
    with socket.socket() as refused:
        free = socket.socket()
        free.bind((ip, 0))
        ret = ring.one(CONNECT, refused.fileno(), inet(free.getsockname()[1]), off=16, flags=flags)
        told(ring, 'connect', ret, {'tacho.errno': 'ECONNREFUSED', 'tacho.detail.addr.port': free.getsockname()[1]})
        free.close()
    fd = ring.one(ACCEPT, listener.fileno(), flags=flags)
    assert fd >= 0, fd
    told(ring, 'accept', fd, {'tacho.detail.addr.ip': ip, 'tacho.detail.addr.port': client.getsockname()[1]})
    os.close(fd)
    listener.close()
    client.close()
