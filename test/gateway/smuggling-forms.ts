// Heads and bodies that two servers may read differently, as far as they are known; each must be answered 400 (or the
// status given) and its connection ended, with nothing of it at the instance.
export interface SmugglingForm {
  what: string
  text: string
  status?: string
}

const at = '/api/predict/digits'
const auth = 'Authorization: easg_0123456789abcdef\r\n'
const post = (fields: string, body = ''): string => `POST ${at} HTTP/1.1\r\nHost: g\r\n${auth}${fields}\r\n${body}`
const line = (text: string): string => `${text}\r\nHost: g\r\n${auth}\r\n`
const smuggled = '0\r\n\r\nGET /admin HTTP/1.1\r\nHost: g\r\n\r\n'
const chunked = (body: string): string => post('Transfer-Encoding: chunked\r\n', body)

export const headForms: SmugglingForm[] = [
  ['CL and TE', post('Content-Length: 4\r\nTransfer-Encoding: chunked\r\n', smuggled)],
  ['TE and CL', post('Transfer-Encoding: chunked\r\nContent-Length: 4\r\n', smuggled)],
  ['two lengths', post('Content-Length: 4\r\nContent-Length: 5\r\n', 'abcde')],
  ['two equal lengths', post('Content-Length: 4\r\nContent-Length: 4\r\n', 'abcd')],
  ['a list of lengths', post('Content-Length: 4, 4\r\n', 'abcd')],
  ['a length with a plus', post('Content-Length: +4\r\n', 'abcd')],
  ['a negative length', post('Content-Length: -1\r\n')],
  ['a hexadecimal length', post('Content-Length: 0x4\r\n', 'abcd')],
  ['an octal length', post('Content-Length: 04\r\n', 'abcd')],
  ['a length with an exponent', post('Content-Length: 1e1\r\n', 'abcdabcdab')],
  ['a length with a fraction', post('Content-Length: 4.0\r\n', 'abcd')],
  ['an empty length', post('Content-Length: \r\n')],
  ['a length beyond 2^53', post('Content-Length: 99999999999999999999\r\n')],
  ['a length that wraps 2^64', post('Content-Length: 18446744073709551620\r\n', 'abcd')],
  ['a length after a tab', post('Content-Length:\t4\r\n', 'abcd')],
  ['a length before a space', post('Content-Length: 4 \r\n', 'abcd')],
  ['a length with an underscore', post('Content_Length: 4\r\n', 'abcd')],
  ['a space before the colon', post('Content-Length : 4\r\n', 'abcd')],
  ['a tab before the colon', post('Transfer-Encoding\t: chunked\r\n', smuggled)],
  ['TE identity', post('Transfer-Encoding: identity\r\n')],
  ['TE with another coding', post('Transfer-Encoding: gzip, chunked\r\n', smuggled)],
  ['TE chunked twice', post('Transfer-Encoding: chunked, chunked\r\n', smuggled)],
  ['two TE fields', post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', smuggled)],
  ['two TE fields that differ', post('Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n', smuggled)],
  ['TE in quotes', post('Transfer-Encoding: "chunked"\r\n', smuggled)],
  ['TE with a parameter', post('Transfer-Encoding: chunked;q=1\r\n', smuggled)],
  ['TE with a vertical tab', post('Transfer-Encoding: \x0bchunked\r\n', smuggled)],
  ['TE after two spaces', post('Transfer-Encoding:  chunked\r\n', smuggled)],
  ['TE in capitals', post('Transfer-Encoding: CHUNKED\r\n', smuggled)],
  ['TE misspelt', post('Transfer-Encoding: xchunked\r\n', smuggled)],
  ['TE empty', post('Transfer-Encoding:\r\n', smuggled)],
  ['TE with an underscore', post('Transfer_Encoding: chunked\r\n', smuggled)],
  ['TE folded', post('Transfer-Encoding:\r\n chunked\r\n', smuggled)],
  ['TE in HTTP/1.0', post('Transfer-Encoding: chunked\r\n', smuggled).replace('HTTP/1.1', 'HTTP/1.0')],
  ['a folded field', post('X: a\r\n b\r\n')],
  ['a space before the first field', `GET ${at} HTTP/1.1\r\n Host: g\r\n${auth}\r\n`],
  ['a field without a colon', post('Nonsense\r\n')],
  ['a field without a name', post(': value\r\n')],
  ['a field name with a space', post('X Y: value\r\n')],
  ['a NUL in a name', post('X\0Y: value\r\n')],
  ['a NUL in a value', post('X: a\0b\r\n')],
  ['a bare CR in a value', post('X: a\rTransfer-Encoding: chunked\r\n')],
  ['a bare LF after a field', post('X: a\nTransfer-Encoding: chunked\r\n', smuggled)],
  ['a bare LF at the end of the head', `GET ${at} HTTP/1.1\r\nHost: g\r\n${auth}\n`],
  ['bare LFs throughout', `GET ${at} HTTP/1.1\nHost: g\n\n`],
  ['a DEL in a value', post('X: a\x7fb\r\n')],
  ['Connection strips the length', post('Connection: content-length\r\nContent-Length: 4\r\n', 'abcd')],
  ['Connection strips the coding', post('Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n', smuggled)],
  ['Connection strips the host', post('Connection: host\r\n')],
  ['two hosts', post('Host: other\r\n')],
  ['no host', `GET ${at} HTTP/1.1\r\n${auth}\r\n`],
  ['a host with a path', `GET ${at} HTTP/1.1\r\nHost: g/x\r\n${auth}\r\n`],
  ['a host with a user', `GET ${at} HTTP/1.1\r\nHost: a@g\r\n${auth}\r\n`],
  ['two keys', post('Authorization: other\r\n')],
  ['a target of another host', line(`GET http://other${at} HTTP/1.1`)],
  ['a target without a slash', line('GET api/predict/digits HTTP/1.1')],
  ['a target with a space', line(`GET ${at} x HTTP/1.1`)],
  ['a target with a tab', line(`GET ${at}\tx HTTP/1.1`)],
  ['a target with a fragment', line(`GET ${at}#x HTTP/1.1`)],
  ['a target beyond ASCII', line(`GET ${at}/\xe9 HTTP/1.1`)],
  ['two spaces in the request line', line(`GET  ${at} HTTP/1.1`)],
  ['a space after the version', line(`GET ${at} HTTP/1.1 `)],
  ['no version', line(`GET ${at}`)],
  ['an empty line first', `\r\n${line(`GET ${at} HTTP/1.1`)}`],
  ['a version in lower case', line(`GET ${at} http/1.1`)],
].map(([what = '', text = '']) => ({ what, text }))

export const otherStatusForms: SmugglingForm[] = [
  { what: 'HTTP/2.0', text: line(`GET ${at} HTTP/2.0`), status: '505' },
  { what: 'HTTP/1.2', text: line(`GET ${at} HTTP/1.2`), status: '505' },
  { what: 'CONNECT', text: line('CONNECT g:80 HTTP/1.1'), status: '405' },
  { what: 'a method in lower case', text: line(`get ${at} HTTP/1.1`), status: '405' },
  { what: 'Expect of another kind', text: post('Expect: 200-ok\r\nContent-Length: 4\r\n', 'abcd'), status: '417' },
  {
    what: 'Expect of two kinds',
    text: post('Expect: 100-continue\r\nExpect: 200-ok\r\nContent-Length: 4\r\n', 'abcd'),
    status: '417',
  },
  { what: 'a target that is too long', text: line(`GET ${at}?${'x'.repeat(9_000)} HTTP/1.1`), status: '414' },
  { what: 'the preface of HTTP/2', text: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', status: '505' },
]

/** The head of these is good: the instance may have seen it, and is cut off. */
export const bodyForms: SmugglingForm[] = [
  ['a size that is no number', chunked('x\r\n')],
  ['a size with 0x', chunked('0x2\r\nab\r\n0\r\n\r\n')],
  ['a size after a space', chunked(' 2\r\nab\r\n0\r\n\r\n')],
  ['a size before a space', chunked('2 \r\nab\r\n0\r\n\r\n')],
  ['a negative size', chunked('-2\r\nab\r\n0\r\n\r\n')],
  ['a size that wraps', chunked('10000000000000002\r\nab\r\n0\r\n\r\n')],
  ['a size with a bare LF', chunked('2\nab\r\n0\r\n\r\n')],
  ['an extension with a bare LF', chunked('2;x\nab\r\n0\r\n\r\n')],
  ['an extension with a bare CR', chunked('2;x\rab\r\n0\r\n\r\n')],
  ['an extension in quotes', chunked('2;x="\r\n"\r\nab\r\n0\r\n\r\n')],
  ['an extension without a name', chunked('2;=y\r\nab\r\n0\r\n\r\n')],
  ['an extension without end', chunked(`2;${'x'.repeat(300)}\r\nab\r\n0\r\n\r\n`)],
  ['data without CRLF', chunked('2\r\nab0\r\n\r\n')],
  ['data with a bare LF', chunked('2\r\nab\n0\r\n\r\n')],
  ['data with CR CR', chunked('2\r\nab\r\r\n0\r\n\r\n')],
  ['a trailer that frames', chunked('0\r\nContent-Length: 4\r\n\r\n')],
  ['a trailer that authorises', chunked('0\r\nAuthorization: x\r\n\r\n')],
  ['a trailer with a space before its colon', chunked('0\r\nX : 1\r\n\r\n')],
  ['a trailer that is folded', chunked('0\r\nX: 1\r\n 2\r\n\r\n')],
  ['a trailer with a bare LF', chunked('0\r\nX: 1\n\r\n')],
  ['an end with a bare LF', chunked('0\r\n\n')],
].map(([what = '', text = '']) => ({ what, text }))
