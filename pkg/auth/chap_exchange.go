package auth

import (
	"bytes"
	"crypto/fips140"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"

	"github.com/go-iscsi/discovery/pkg/pdu"
)

// maxDraws is how often a challenge is drawn until it is unlike those that are
// in flight. With a source worth its name the first one is.
const maxDraws = 4

// A chapExchange is one run of CHAP. Its methods offer, respond and verify stand
// in the order of RFC 7143, section 12.1.3.
type chapExchange struct {
	chap    CHAP // as it was at Begin
	offered []Algorithm
	outcome Outcome

	id        byte
	challenge []byte // ours to the target; nil: none in flight

	step     func(e *chapExchange, reply, in pdu.Text) (pdu.Text, error) // the next one; nil: none is left
	finished bool
	err      error // what ended it
}

func (e *chapExchange) Step(reply, in pdu.Text) (out pdu.Text, last bool, err error) {
	if e.err == nil && e.step == nil {
		e.err = errors.New("CHAP: no step is left")
	}
	if e.err == nil {
		out, e.err = e.step(e, reply, in)
	}
	if e.err != nil {
		return reply, false, e.err
	}
	return out, e.step == nil, nil
}

func (e *chapExchange) Finish(in pdu.Text) error {
	if e.err == nil {
		e.err = e.finish(in)
	}
	return e.err
}

func (e *chapExchange) Outcome() Outcome { return e.outcome }

func (e *chapExchange) Close() {
	e.chap.Outstanding.remove(e.challenge)
	e.challenge = nil
	if e.err == nil && !e.finished {
		e.err = errors.New("CHAP: the exchange is closed")
	}
}

// offer sends the algorithms. The target has nothing to say before that.
func (e *chapExchange) offer(reply, in pdu.Text) (_ pdu.Text, err error) {
	if e.offered, err = e.chap.check(fips140.Enforced()); err != nil {
		return nil, err
	}
	if _, err := readKeys(in); err != nil {
		return nil, err
	}
	e.step = (*chapExchange).respond
	return reply.Append(keyAlgorithm, numbers(e.offered)), nil
}

// respond answers the target's challenge, and puts ours.
func (e *chapExchange) respond(reply, in pdu.Text) (pdu.Text, error) {
	want := []string{keyAlgorithm, keyIdentifier, keyChallenge}
	values, err := readKeys(in, want...)
	if err != nil {
		return nil, err
	}
	if word := rejection(values[0]); word != "" {
		// Nothing else has to come with it.
		return nil, &AlgorithmError{Offered: e.offered, Answer: word}
	}
	if values[0] == nil {
		return nil, &KeyError{Key: keyAlgorithm, Reason: "missing"}
	}
	// Before the others are missed: what is no choice of ours has no challenge.
	algorithm, err := e.readAlgorithm(values[0])
	if err != nil {
		return nil, err
	}
	for i, v := range values {
		if v == nil {
			return nil, &KeyError{Key: want[i], Reason: "missing"}
		}
	}
	e.outcome.Algorithm = algorithm
	id, err := readNumber(keyIdentifier, values[1])
	if err != nil {
		return nil, err
	}
	if id > 255 {
		return nil, &KeyError{Key: keyIdentifier, Reason: "more than 255"}
	}
	challenge, err := readBinary(keyChallenge, values[2])
	if err != nil {
		return nil, err
	}
	if e.chap.Outstanding.has(challenge) {
		return nil, &ReflectionError{Key: keyChallenge}
	}
	response := algorithm.response(byte(id), e.chap.Secret, challenge)
	reply = reply.Append(keyName, e.chap.User)
	reply = reply.Append(keyResponse, hexValue(response))
	if e.chap.Mutual {
		if err := e.draw(algorithm.size(), challenge); err != nil {
			return nil, err
		}
		reply = reply.Append(keyIdentifier, strconv.Itoa(int(e.id)))
		reply = reply.Append(keyChallenge, hexValue(e.challenge))
	}
	e.step = nil
	return reply, nil
}

// readAlgorithm returns the algorithm that the target chose.
func (e *chapExchange) readAlgorithm(v []byte) (Algorithm, error) {
	n, err := readNumber(keyAlgorithm, v)
	if err != nil {
		return 0, err
	}
	if n > 255 || !slices.Contains(e.offered, Algorithm(n)) {
		return 0, &AlgorithmError{Offered: e.offered, Chosen: n}
	}
	return Algorithm(n), nil
}

// draw makes an identifier and a challenge of ours, unlike the target's and all
// in flight. It is as long as the response: real targets send such ones, so they
// take them.
func (e *chapExchange) draw(size int, theirs []byte) error {
	b := make([]byte, 1+size)
	for range maxDraws {
		if _, err := io.ReadFull(e.chap.Rand, b); err != nil {
			return fmt.Errorf("CHAP: no random bytes: %w", err)
		}
		if challenge := b[1:]; !sameTail(challenge, theirs) && e.chap.Outstanding.add(challenge) {
			e.id, e.challenge = b[0], bytes.Clone(challenge)
			return nil
		}
	}
	return errors.New("CHAP: the source of random bytes repeats itself")
}

// finish reads what came after our last keys.
func (e *chapExchange) finish(in pdu.Text) error {
	if err := e.rejected(in); err != nil {
		return err
	}
	if e.step != nil {
		return &ProofError{Reason: "the target skipped it"}
	}
	if e.chap.Mutual && !e.finished {
		if err := e.verify(in); err != nil {
			return err
		}
		e.outcome.Mutual = true
	} else if _, err := readKeys(in); err != nil {
		return err
	}
	e.finished, e.outcome.Done = true, true
	return nil
}

// rejected returns the error of keys that reject what we sent last; nil: none
// does.
func (e *chapExchange) rejected(in pdu.Text) error {
	for p, err := range in.Pairs() {
		if err != nil {
			return nil // readKeys reports it
		}
		key, word := knownKey(p.Key), rejection(p.Value)
		switch {
		case key == "" || word == "":
		case e.step == nil:
			return &RejectionError{Key: key, Answer: word}
		case key == keyAlgorithm && e.offered != nil:
			return &AlgorithmError{Offered: e.offered, Answer: word}
		}
	}
	return nil
}

// verify holds the target's response against what its secret makes.
func (e *chapExchange) verify(in pdu.Text) error {
	values, err := readKeys(in, keyName, keyResponse)
	if err != nil {
		return err
	}
	name, response := values[0], values[1]
	if name == nil {
		return &ProofError{Key: keyName, Reason: "is missing"}
	}
	if response == nil {
		return &ProofError{Key: keyResponse, Reason: "is missing"}
	}
	if len(name) == 0 {
		return &KeyError{Key: keyName, Reason: "empty"}
	}
	if reason := badTargetName(string(name)); reason != "" {
		return &KeyError{Key: keyName, Reason: reason}
	}
	e.outcome.TargetUser = string(name)
	if response, err = readBinary(keyResponse, response); err != nil {
		return err
	}
	a := e.outcome.Algorithm
	if len(response) != a.size() {
		return &ProofError{Key: keyResponse, Reason: fmt.Sprintf("has %d bytes, but %s makes %d", len(response), a, a.size())}
	}
	if subtle.ConstantTimeCompare(response, a.response(e.id, e.chap.Secret, e.challenge)) == 1 {
		return &ReflectionError{Key: keyResponse}
	}
	if subtle.ConstantTimeCompare(response, a.response(e.id, e.chap.TargetSecret, e.challenge)) != 1 {
		return &ProofError{Key: keyResponse, Reason: "is wrong"}
	}
	if e.chap.TargetUser != "" && e.outcome.TargetUser != e.chap.TargetUser {
		return &ProofError{Key: keyName, Reason: "is not the expected name"}
	}
	return nil
}

func hexValue(b []byte) string { return string(pdu.AppendHex(nil, b)) }
