// Which addresses a tenant's URL may lead to: public ones, and what the operator allows. A service's author chooses the URL
// and the agent fetches it, so without this rule the agent would read for them what only this host can reach: the cloud's
// metadata, services on loopback, the network behind it. What is not known to be public is refused.
import ipaddr from 'ipaddr.js'

/** The whole of IPv6 that is given out; all else is reserved or embeds another address. */
const globalUnicast = ipaddr.IPv6.parseCIDR('2000::/3')
/** Public by its range, but Azure's metadata and DNS for its own machines. */
const metadata = new Set(['168.63.129.16'])

/** null: may be connected to; else what kind of address it is. `allow`: addresses and networks. */
export function whyForbidden(text: string, allow: readonly string[]): string | null {
  if (!ipaddr.isValid(text)) return 'not an address'
  // An IPv4 address in IPv6's clothes is judged as the IPv4 address that the packets go to.
  const address = ipaddr.process(text)
  if (allow.some(network => contains(network, address))) return null
  const range = address.range()
  if (range !== 'unicast') return words[range] ?? 'a reserved address'
  if (metadata.has(address.toString())) return 'a metadata address'
  return address instanceof ipaddr.IPv6 && !address.match(globalUnicast) ? 'a reserved address' : null
}

const words: Record<string, string> = {
  loopback: 'a loopback address',
  private: 'a private address',
  uniqueLocal: 'a private address',
  linkLocal: 'a link-local address',
  carrierGradeNat: 'a shared address',
  unspecified: 'no address of a host',
  multicast: 'a multicast address',
  broadcast: 'a broadcast address',
}

function contains(network: string, address: ipaddr.IPv4 | ipaddr.IPv6): boolean {
  const [base, bits] = network.includes('/') ? ipaddr.parseCIDR(network) : [ipaddr.parse(network), null]
  if (base.kind() !== address.kind()) return false
  return address.match(base, bits ?? (base.kind() === 'ipv4' ? 32 : 128))
}
