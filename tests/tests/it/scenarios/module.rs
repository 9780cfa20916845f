//! Kernel modules. A kernel without `CONFIG_MODULES` refuses the calls; what was asked for is told all the same.

use super::harness::check;

/// An ELF image that is a module as far as its name goes.
const IMAGE: &str = "
def image(name):
    names = b'\\0.modinfo\\0.shstrtab\\0'
    info = b'license=GPL\\0name=' + name + b'\\0'
    def section(text, at, size):
        return struct.pack('<IIQQQQIIQQ', names.index(text), 1, 0, 0, at, size, 0, 0, 1, 0)
    start = 64 + len(info) + len(names)
    head = b'\\x7fELF\\x02\\x01\\x01' + b'\\0' * 9 + struct.pack('<HHIQQQIHHHHHH', 1, 62, 1, 0, 0, start, 0, 64, 0, 0, 64, 3, 2)
    return head + info + names + b'\\0' * 64 + section(b'.modinfo', 64, len(info)) + section(b'.shstrtab', 64 + len(info), len(names))
def calls(nr, *args):
    ret = call(nr, *args)
    assert ret < 0, ret
    return ret
";

#[test]
fn loading_from_a_file_tells_the_file_the_name_in_it_and_the_parameters() {
    check(
        "module_file",
        &["load_module"],
        &format!(
            "{IMAGE}
open('tacho_test.ko', 'wb').write(image(b'tacho_test'))
fd = os.open('tacho_test.ko', os.O_RDONLY)
def finit(fd, parameters, flags):
    return calls(313, fd, parameters, flags)
module = seen(path('tacho_test.ko')) | {{'module.name': 'tacho_test', 'module.loaded_from_memory': False, 'evt.category': 'File Activity'}}
want('load_module', finit(fd, b'debug=1  level=two', 3), {{
    **module, 'module.argv': ['debug=1', 'level=two'], 'module.args_truncated': False,
    'tacho.detail.flags': ['MODULE_INIT_IGNORE_MODVERSIONS', 'MODULE_INIT_IGNORE_VERMAGIC']}})
want('load_module', finit(fd, b'', 0), {{**module, 'module.argv': None, 'module.args_truncated': False}})
want('load_module', finit(fd, b'x' * 5000, 0), {{**module, 'module.args_truncated': True}})
want('load_module', finit(0xffff, b'a', 0), {{'file': None, 'module.name': '', 'module.argv': ['a']}})
open('none.ko', 'wb').write(b'no image')
want('load_module', finit(os.open('none.ko', os.O_RDONLY), b'', 0), {{**seen(path('none.ko')), 'module.name': ''}})
with nobody():
    want('load_module', finit(fd, b'', 0), {{**module, 'process.credentials.euid': 65534}})
"
        ),
    );
}

#[test]
fn loading_from_memory_tells_that_there_is_no_file() {
    check(
        "module_memory",
        &["load_module"],
        &format!(
            "{IMAGE}
data = image(b'tacho_memory')
want('load_module', calls(175, data, len(data), b'a b'), {{
    'file': None, 'module.name': ANY, 'module.loaded_from_memory': True, 'module.argv': ['a', 'b'], 'module.args_truncated': False}})
want('load_module', calls(175, None, 0, 16), {{'module.argv': None, 'module.args_truncated': True, 'module.name': ''}})
"
        ),
    );
}

#[test]
fn unloading_tells_the_name() {
    check(
        "module_unload",
        &["unload_module"],
        "
def delete(name, flags):
    ret = call(176, name, flags)
    assert ret < 0, ret
    return ret
want('unload_module', delete(b'tacho_none', os.O_NONBLOCK), {
    'module.name': 'tacho_none', 'module.loaded_from_memory': None, 'file': None, 'evt.category': 'Kernel Activity', 'tacho.detail.flags': ['O_NONBLOCK']})
want('unload_module', delete(16, 0), {'module.name': ''})
with nobody():
    want('unload_module', delete(b'tacho_none', 0), {'module.name': 'tacho_none', 'process.credentials.euid': 65534})
",
    );
}
