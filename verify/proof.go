package verify

// Kinds of evidence in a receipt.
const (
	EvidenceEvent     = "event"    // A1: the gateway says that a login event came
	EvidenceOfWitness = "witness"  // A3: the host's own MAC over the commitment
	EvidenceIDToken   = "id_token" // A2, A3: an ID token whose nonce is the commitment
)

// Evidence is what the backend can check alone. Source: proof-gate.md §3.9.
type Evidence struct {
	Kind     string `json:"kind"`
	AuthTime int64  `json:"auth_time,omitempty"` // unix seconds
	Witness  string `json:"witness,omitempty"`
	JWT      string `json:"jwt,omitempty"`
}

// Hash is the form in which evidence enters the log.
func (e Evidence) Hash() string {
	b, err := canonical(e)
	if err != nil {
		return ""
	}
	return hash("postern.evidence.v1\n", b)
}

// Proof is a login that matched one challenge, and, once finished, the same browser's signature.
type Proof struct {
	Source     string   `json:"source"`
	Event      string   `json:"event"`   // id of the login event
	Subject    string   `json:"subject"` // who logged in: the only account there is
	Issuer     string   `json:"issuer"`  // who vouches for it
	Level      Level    `json:"level"`
	Evidence   Evidence `json:"evidence"`
	ApprovedAt int64    `json:"approved_at"`    // unix seconds
	Finish     string   `json:"finish"`         // TokenHash of the finish token
	FinishBy   int64    `json:"finish_by"`      // unix ms: end of the finish token
	Code       string   `json:"code,omitempty"` // keyed hash of the typed code; Finish is set when it was typed
	Sig        string   `json:"sig,omitempty"`
	Keys       string   `json:"keys,omitempty"` // hash of the archived key set that an ID token was believed by
}
