// An OpenID provider as others have it, with tokens that do not last.
//
//     node provider.mjs PORT ROUTER_ORIGIN TOKEN_SECONDS

import Provider from 'oidc-provider';

const [port, origin, seconds] = process.argv.slice(2);
const issuer = `http://localhost:${port}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: 'graphway',
      client_secret: 'a secret of the two of them, with a + and a %',
      redirect_uris: [`${origin}/oauth2/callback`],
      post_logout_redirect_uris: [`${origin}/`],
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
    },
  ],
  // What it asks for has no password: `sub` is what was typed in.
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, name: `Name of ${id}` }) }),
  claims: { openid: ['sub'], profile: ['name'] },
  conformIdTokenClaims: false,
  features: { revocation: { enabled: true } },
  pkce: { required: () => true },
  rotateRefreshToken: true,
  ttl: { AccessToken: Number(seconds), IdToken: 600, Grant: 3600, Interaction: 600, RefreshToken: 3600, Session: 3600 },
  cookies: { keys: ['only for this test'] },
});

for (const [event, word] of [
  ['grant.success', 'granted'],
  ['grant.error', 'not granted'],
  ['grant.revoked', 'grant revoked'],
  ['refresh_token.consumed', 'refresh token rotated'],
  ['refresh_token.destroyed', 'refresh token gone'],
]) {
  provider.on(event, (...what) => console.log(word, what.at(-1)?.message ?? ''));
}
provider.listen(Number(port), () => console.log('listening'));
