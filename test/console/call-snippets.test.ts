import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { snippetOf } from '../../console/pages/service/call-snippets.ts'

const hostile = `it's "quoted" $HOME \`x\` \\ 中文\n`
const headers = { 'x-trace': "it's" }
const request = {
  method: 'POST',
  url: 'http://127.0.0.1/api',
  contentType: 'text/plain',
  headers,
  body: { text: hostile },
}

test('the shell sends the text as it was written', () => {
  const said = snippetOf('curl', request).replace(/^curl/, "printf '%s\\n'")
  const { stdout } = spawnSync('/bin/sh', ['-c', said], { env: { BERTH_SERVICE_KEY: 'key' } })
  expect(stdout.toString()).toBe(
    [
      '-X',
      'POST',
      request.url,
      '-H',
      'authorization: key',
      '-H',
      'content-type: text/plain',
      '-H',
      "x-trace: it's",
      '--data-binary',
      hostile,
      '',
    ].join('\n'),
  )
})

test('Python and TypeScript read the key from the environment and a picture from its file', () => {
  const picture = { ...request, contentType: 'image/png', body: { file: 'digit.png' } }
  expect(snippetOf('Python', picture)).toContain('data=open("digit.png", "rb").read(),')
  expect(snippetOf('TypeScript', picture)).toContain('body: await readFile("digit.png"),')
  for (const language of ['Python', 'TypeScript'] as const) {
    expect(snippetOf(language, request)).toContain(JSON.stringify(hostile))
    expect(snippetOf(language, request)).toContain('BERTH_SERVICE_KEY')
    expect(snippetOf(language, request)).toContain(`"x-trace": "it's"`)
  }
  expect(snippetOf('TypeScript', { ...request, method: 'GET', body: null })).not.toContain('body')
})
