// The same request as a program would send it. Text of the user is quoted as each language quotes.
export interface Request {
  method: string
  url: string
  contentType: string | null
  headers: Readonly<Record<string, string>>
  /** A file beside the program, or the text itself. */
  body: { file: string } | { text: string } | null
}

export const languages = ['curl', 'Python', 'TypeScript'] as const
export type Language = (typeof languages)[number]

const shell = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`
/** A string of JSON is one of Python and of TypeScript as well. */
const quoted = (text: string): string => JSON.stringify(text)

/** `, "name": "value"` for each: it follows the access key in a literal of Python and of TypeScript. */
const pairs = (headers: Readonly<Record<string, string>>): string =>
  Object.entries(headers)
    .map(([name, value]) => `, ${quoted(name)}: ${quoted(value)}`)
    .join('')

const curl = ({ method, url, contentType, headers, body }: Request): string =>
  [
    `curl -X ${method} ${shell(url)}`,
    '-H "authorization: $BERTH_SERVICE_KEY"',
    ...(contentType === null ? [] : [`-H ${shell(`content-type: ${contentType}`)}`]),
    ...Object.entries(headers).map(([name, value]) => `-H ${shell(`${name}: ${value}`)}`),
    ...(body === null ? [] : [`--data-binary ${'file' in body ? `@${shell(body.file)}` : shell(body.text)}`]),
  ].join(' \\\n  ')

function python({ method, url, contentType, headers, body }: Request): string {
  const type = pairs({ ...(contentType === null ? {} : { 'content-type': contentType }), ...headers })
  const data =
    body === null
      ? ''
      : `    data=${'file' in body ? `open(${quoted(body.file)}, "rb").read()` : `${quoted(body.text)}.encode()`},\n`
  return `import os
from urllib.request import Request, urlopen

request = Request(
    ${quoted(url)},
    method=${quoted(method)},
${data}    headers={"authorization": os.environ["BERTH_SERVICE_KEY"]${type}},
)
with urlopen(request) as response:
    print(response.read().decode())
`
}

function typescript({ method, url, contentType, headers, body }: Request): string {
  const file = body !== null && 'file' in body
  const type = pairs({ ...(contentType === null ? {} : { 'content-type': contentType }), ...headers })
  const sent =
    body === null ? '' : `  body: ${'file' in body ? `await readFile(${quoted(body.file)})` : quoted(body.text)},\n`
  return `${file ? "import { readFile } from 'node:fs/promises'\n\n" : ''}const response = await fetch(${quoted(url)}, {
  method: ${quoted(method)},
  headers: { authorization: process.env.BERTH_SERVICE_KEY ?? ''${type} },
${sent}})
console.log(response.status, await response.text())
`
}

export const snippetOf = (language: Language, request: Request): string =>
  ({ curl, Python: python, TypeScript: typescript })[language](request)
