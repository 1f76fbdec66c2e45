/** A service that answers everything: run by the Node of this checkout, so that a machine needs nothing else to be tested on. */
export const serving = `exec "${process.execPath}" -e "require('http').createServer((_, res) => res.end()).listen(process.env.PORT, process.env.HOST)"`
