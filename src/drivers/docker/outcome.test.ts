import { describe, expect, it, test } from 'vitest'
import { pullQuery } from './engine.ts'
import { parseLogin } from './images.ts'
import { endOf, failedToStart, imageFailed } from './outcome.ts'

const began = {
  Running: false,
  OOMKilled: false,
  ExitCode: 0,
  Error: '',
  StartedAt: '2026-03-01T12:00:00Z',
  FinishedAt: '2026-03-01T12:00:09Z',
}
const never = '0001-01-01T00:00:00Z'

describe('why a container ended', () => {
  const stopped = { reason: 'Stopped' as const, message: 'stopped as asked' }
  it.each([
    ['by itself', { ExitCode: 3 }, null, 'Exited', 3, null, 'ended by itself with exit code 3'],
    ['on a signal', { ExitCode: 139 }, null, 'Exited', null, 'SIGSEGV', 'ended by itself on SIGSEGV'],
    [
      'for want of memory',
      { ExitCode: 137, OOMKilled: true },
      null,
      'OOMKilled',
      null,
      'SIGKILL',
      /over|more than its 64 MiB/,
    ],
    ['as we asked, whatever its code', { ExitCode: 143 }, stopped, 'Stopped', null, 'SIGTERM', 'stopped as asked'],
    [
      'before it began',
      { ExitCode: 127, StartedAt: never, Error: 'no' },
      null,
      'SpawnFailed',
      null,
      null,
      /could not start/,
    ],
    ['with a code beyond every signal', { ExitCode: 255 }, null, 'Exited', 255, null, /exit code 255/],
  ])('%s', (_, state, cause, reason, exitCode, signal, message) => {
    const end = endOf({ ...began, ...state }, cause, 64)
    expect(end).toMatchObject({ reason, exitCode, signal, message: expect.stringMatching(message) })
  })

  it('is told without the names of the engine’s layers', () => {
    const words =
      'failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: exec: "/no": stat /no: no such file or directory: unknown'
    expect(failedToStart(words).message).toBe(
      'Docker could not start it: exec: "/no": stat /no: no such file or directory',
    )
    expect(failedToStart('could not select device driver "nvidia" with capabilities: [[gpu]]').message).toContain(
      'NVIDIA Container Toolkit',
    )
  })
})

describe('why an image can not be had, with the way out', () => {
  it.each([
    ['Get "https://registry-1.docker.io/v2/": dial tcp: lookup registry-1.docker.io: no such host', 'docker load'],
    ['Get "http://127.0.0.1:5/v2/": dial tcp 127.0.0.1:5: connect: connection refused', 'docker load'],
    ['pull access denied for acme/x, repository does not exist or may require `docker login`: denied', 'dockerAuth'],
    ['Get "https://r/v2/x/manifests/1": unauthorized: authentication required', 'dockerAuth'],
    ['manifest for r/x:9 not found: manifest unknown: manifest unknown', 'none of that name and tag'],
    ['write /var/lib/docker/tmp/x: no space left on device', 'docker system prune'],
    ['something new', 'could not be fetched (something new)'],
  ])('%s', (words, wayOut) => {
    const { reason, message } = imageFailed('acme/x', words)
    expect(reason).toBe('ImageUnavailable')
    expect(message).toContain(wayOut)
    expect(message).toContain(words)
  })
})

test('one tag is fetched, never all of them', () => {
  expect(pullQuery('nginx')).toEqual({ fromImage: 'nginx', tag: 'latest' })
  expect(pullQuery('acme/x:2')).toEqual({ fromImage: 'acme/x', tag: '2' })
  expect(pullQuery('host:5000/acme/x')).toEqual({ fromImage: 'host:5000/acme/x', tag: 'latest' })
  expect(pullQuery('host:5000/x:3')).toEqual({ fromImage: 'host:5000/x', tag: '3' })
  expect(pullQuery('x@sha256:ab')).toEqual({ fromImage: 'x@sha256:ab' })
})

test('dockerAuth is base64 of user and password, which may hold a colon', () => {
  expect(parseLogin(Buffer.from('ana:a:b').toString('base64'))).toEqual({ username: 'ana', password: 'a:b' })
  expect(parseLogin(Buffer.from('ana').toString('base64'))).toBeNull()
  expect(parseLogin('')).toBeNull()
})
