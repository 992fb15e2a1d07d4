// The browser suites in e2e/ run under node --test.
export default { test: { exclude: ["e2e/**", "node_modules/**", "dist/**"] } };
