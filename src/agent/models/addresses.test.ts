import { expect, test } from 'vitest'
import { whyForbidden } from './addresses.ts'

test.each([
  ['127.0.0.1', 'a loopback address'],
  ['127.255.255.254', 'a loopback address'],
  ['0.0.0.0', 'no address of a host'],
  ['0.1.2.3', 'no address of a host'],
  ['10.0.0.1', 'a private address'],
  ['172.16.0.1', 'a private address'],
  ['172.31.255.255', 'a private address'],
  ['192.168.1.1', 'a private address'],
  ['169.254.169.254', 'a link-local address'],
  ['100.100.100.200', 'a shared address'],
  ['168.63.129.16', 'a metadata address'],
  ['192.0.0.192', 'a reserved address'],
  ['198.18.0.1', 'a reserved address'],
  ['240.0.0.1', 'a reserved address'],
  ['255.255.255.255', 'a broadcast address'],
  ['224.0.0.1', 'a multicast address'],
  ['::', 'no address of a host'],
  ['::1', 'a loopback address'],
  ['fe80::1', 'a link-local address'],
  ['fe80::1%eth0', 'a link-local address'],
  ['fc00::1', 'a private address'],
  ['fd00:ec2::254', 'a private address'],
  ['fec0::1', 'a reserved address'],
  ['ff02::1', 'a multicast address'],
  ['::ffff:127.0.0.1', 'a loopback address'],
  ['::ffff:a9fe:a9fe', 'a link-local address'],
  ['::ffff:10.1.2.3', 'a private address'],
  ['::127.0.0.1', 'a loopback address'],
  ['64:ff9b::7f00:1', 'a reserved address'],
  ['2002:7f00:1::', 'a reserved address'],
  ['2001::1', 'a reserved address'],
  ['localhost', 'not an address'],
  ['', 'not an address'],
])('%s is refused as %s', (address, why) => {
  expect(whyForbidden(address, [])).toContain(why)
})

test.each(['1.1.1.1', '47.88.1.2', '172.32.0.1', '2606:4700:4700::1111', '::ffff:1.1.1.1'])('%s is public', address => {
  expect(whyForbidden(address, [])).toBeNull()
})

test('what the operator allows is reached, and nothing beside it', () => {
  const allow = ['10.1.0.0/16', '127.0.0.2', 'fd00:1::/32']
  for (const address of ['10.1.255.1', '127.0.0.2', '::ffff:10.1.2.3', 'fd00:1::7']) {
    expect(whyForbidden(address, allow), address).toBeNull()
  }
  for (const address of ['10.2.0.1', '127.0.0.1', '::1', 'fd00:2::7']) {
    expect(whyForbidden(address, allow), address).not.toBeNull()
  }
})
