//! imds: a metadata service in a network namespace of the scenario's own.

use super::harness::run;

const NETWORK: &str = include_str!("network.py");

const OWN: &str = "
libc.unshare(0x40000000)
for words in ('link set lo up', 'addr add 169.254.169.254/32 dev lo', '-6 addr add fd00:ec2::254/128 dev lo nodad'):
    subprocess.run(['ip', *words.split()], check=True)
V4, V6 = ('169.254.169.254', 80), ('fd00:ec2::254', 80)
answers = []
# What goes wrong ends the scenario.
socket.setdefaulttimeout(20)


def serve(listener):
    while True:
        fd, _ = listener.accept()
        fd.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while True:
            request = b''
            while b'\\r\\n\\r\\n' not in request:
                piece = fd.recv(4096)
                if not piece:
                    break
                request += piece
            if not piece:
                break
            for part in answers.pop(0):
                fd.sendall(part)


for address, family in ((V4, socket.AF_INET), (V6, socket.AF_INET6)):
    listener = socket.create_server(address, family=family)
    listener.settimeout(None)
    threading.Thread(target=serve, args=(listener,), daemon=True).start()


def exchange(fd, to, request, answer, asked, told):
    answer = [answer] if isinstance(answer, bytes) else answer
    answers.append(answer)
    pieces = [request] if isinstance(request, bytes) else request
    for piece in pieces:
        fd.send(piece)
    left = len(b''.join(answer))
    while left:
        left -= len(fd.recv(left))
    local = fd.getsockname()[:2]
    header = (40 if ':' in to[0] else 20) + 32
    flow = {'network.l3_protocol': 'ETH_P_IPV6' if ':' in to[0] else 'ETH_P_IP', 'network.l4_protocol': 'IP_PROTO_TCP',
        'network.device': lo(), 'process.pid': os.getpid()}
    want('imds', 0, {'imds': {'type': 'request', **asked}, 'network.source': end(local), 'network.destination': end(to),
        'network.size': header + len(pieces[0]), **flow})
    want('imds', 0, {'imds': {'type': 'response', **told}, 'network.source': end(to), 'network.destination': end(local),
        'network.size': header + len(answer[0]), **flow})


def client(to=V4):
    return socket.create_connection(to)


def head(line, *headers):
    return '\\r\\n'.join([line, *headers, '', '']).encode()


def ok(body, *headers):
    return head('HTTP/1.1 200 OK', f'Content-Length: {len(body)}', *headers) + body
";

#[test]
fn requests_and_answers_of_each_cloud_are_told() {
    let script = format!(
        "{NETWORK}\n{OWN}\n{}",
        "
HOST = 'Host: 169.254.169.254'
asked = lambda cloud, url, **more: {'cloud_provider': cloud, 'url': url, 'host': '169.254.169.254', **more}
# Without a token, and with an IPv6 address.
exchange(client(), V4, head('GET /latest/meta-data/ HTTP/1.1', HOST, 'User-Agent: scenario/1.0'), ok(b'ami-id', 'Server: EC2ws'),
    asked('aws', '/latest/meta-data/', user_agent='scenario/1.0', aws={'is_imds_v2': False}),
    {'cloud_provider': 'aws', 'server': 'EC2ws', 'aws': {'is_imds_v2': False}})
exchange(client(V6), V6, head('GET /2021-07-15/dynamic/ HTTP/1.0'), ok(b'x'),
    {'cloud_provider': 'aws', 'url': '/2021-07-15/dynamic/', 'aws': {'is_imds_v2': False}},
    {'cloud_provider': 'aws', 'aws': {'is_imds_v2': False}})
# The others, over one connection.
kept = client()
for cloud, line, header in (
    ('gcp', 'GET /computeMetadata/v1/instance/?recursive=true HTTP/1.1', 'Metadata-Flavor: Google'),
    ('azure', 'GET /metadata/instance?api-version=2021-02-01 HTTP/1.1', 'Metadata: true'),
    ('ibm', 'PUT /instance_identity/v1/token?version=2022-03-01 HTTP/1.1', 'Metadata-Flavor: ibm'),
    ('oracle', 'GET /opc/v2/instance/ HTTP/1.1', 'Authorization: Bearer Oracle'),
):
    exchange(kept, V4, head(line, HOST, header), ok(b'{}'), asked(cloud, line.split()[1]), {'cloud_provider': cloud})
kept.close()
# A program that is no scenario.
answers.append([ok(b'ami-id', 'Server: EC2ws')])
curl = subprocess.Popen(['curl', '-s', '--noproxy', '*', '--max-time', '20', 'http://169.254.169.254/latest/user-data'], stdout=subprocess.DEVNULL)
curl.wait()
for kind, more in (('request', {'imds.url': '/latest/user-data', 'imds.user_agent': ANY}), ('response', {'imds.server': 'EC2ws'})):
    want('imds', 0, {'imds.type': kind, 'process.pid': curl.pid, 'process.comm': 'curl', **more})
    wanted[-1][2] = curl.pid
# Something else at that port is no talk.
other = client()
other.send(b'\\x16\\x03\\x01\\x00\\x05hello')
"
    );
    if let Some(scenario) = run("imds_clouds", &script, true) {
        scenario.compare(&["imds"]);
    }
}

#[test]
fn credentials_are_told_without_their_secrets() {
    let script = format!(
        "{NETWORK}\n{OWN}\n{}",
        "
# Put together here: the program's own arguments are recorded, too.
hush = 'hu' + 'sh'
token = (hush + 'Token') * 9
body = json.dumps({'Code': 'Success', 'LastUpdated': '2026-11-21T10:00:00Z', 'Type': 'AWS-HMAC',
    'AccessKeyId': 'ASIA' + 'EXAMPLE', 'SecretAccessKey': hush + 'Secret', 'Token': (hush + 'x' * 60) * 14,
    'Expiration': '2026-11-21T16:00:00Z'}, indent=2).encode()
kept = {'code': 'Success', 'type': 'AWS-HMAC', 'access_key_id': 'ASIAEXAMPLE', 'last_updated': '2026-11-21T10:00:00Z',
    'expiration': '2026-11-21T16:00:00Z'}
aws = {'cloud_provider': 'aws', 'aws': {'is_imds_v2': True}}
told = {'cloud_provider': 'aws', 'server': 'EC2ws', 'aws': {'is_imds_v2': True}}
with_keys = {**told, 'aws': {'is_imds_v2': True, 'security_credentials': kept}}
fd = client()
exchange(fd, V4, head('PUT /latest/api/token HTTP/1.1', 'Host: h', 'X-aws-ec2-metadata-token-ttl-seconds: 60'),
    ok(token.encode(), 'Server: EC2ws', 'X-aws-ec2-metadata-token-ttl-seconds: 60'),
    {'url': '/latest/api/token', 'host': 'h', **aws}, told)
url = '/latest/meta-data/iam/security-credentials/role'
get = head(f'GET {url} HTTP/1.1', 'Host: h', f'X-aws-ec2-metadata-token: {token}')
exchange(fd, V4, get, ok(body, 'Server: EC2ws'), {'url': url, 'host': 'h', **aws}, with_keys)
# Head and body apart, and the request in two pieces.
whole = ok(body, 'Server: EC2ws')
at = whole.index(b'{')
exchange(fd, V4, [get[:20], get[20:]], [whole[:at], whole[at:at + 300], whole[at + 300:]],
    {'url': url, 'host': 'h', **aws}, with_keys)
"
    );
    let Some(scenario) = run("imds_credentials", &script, true) else { return };
    scenario.compare(&["imds"]);
    let text = format!("{:?}{}", scenario.events, scenario.recorder.log());
    let leaks: Vec<_> =
        text.match_indices("hush").map(|(at, _)| &text[at.saturating_sub(200)..at + 40]).collect();
    assert!(leaks.is_empty(), "{leaks:#?}");
}
