package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"time"

	"golang.org/x/oauth2"
	"google.golang.org/api/googleapi"
	_ "google.golang.org/genproto/googleapis/rpc/errdetails" // Registers the types of error details.
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/anypb"
)

// A checker records the last reply of an API and decodes it strictly.
type checker struct {
	client   *http.Client
	body     []byte
	media    string
	checked  int
	problems []string
}

func newChecker(source oauth2.TokenSource) *checker {
	c := &checker{}
	c.client = &http.Client{Transport: &oauth2.Transport{Source: source, Base: c}, Timeout: 30 * time.Second}
	return c
}

// RoundTrip sends a request and keeps the reply's body.
func (c *checker) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	c.body, err = io.ReadAll(response.Body)
	_ = response.Body.Close()
	c.media = response.Header.Get("Content-Type")
	response.Body = io.NopCloser(bytes.NewReader(c.body))
	return response, err
}

func (c *checker) failf(format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

// reply checks the result of a call and returns it, or an empty value after a failure.
func reply[T any](c *checker, name string, result *T, err error) *T {
	c.checked++
	if err != nil {
		c.failf("%s: %v", name, err)
		return new(T)
	}
	if c.media != "application/json; charset=UTF-8" {
		c.failf("%s: content type %q", name, c.media)
	}
	if err := strict(c.body, reflect.New(reflect.TypeOf(*result)).Interface()); err != nil {
		c.failf("%s: %v\n%s", name, err, c.body)
	}
	c.checkForms(name, c.body)
	return result
}

// refusal checks that a call failed with this status, and the error's details.
func (c *checker) refusal(name string, err error, status, reason string) {
	c.checked++
	var apiError *googleapi.Error
	if !errors.As(err, &apiError) {
		c.failf("%s: expected an error of the API, got %v", name, err)
		return
	}
	var envelope struct {
		Error struct {
			Code    int               `json:"code"`
			Message string            `json:"message"`
			Status  string            `json:"status"`
			Details []json.RawMessage `json:"details"`
		} `json:"error"`
	}
	if err := strict(c.body, &envelope); err != nil {
		c.failf("%s: %v\n%s", name, err, c.body)
		return
	}
	if envelope.Error.Code != apiError.Code || envelope.Error.Status != status || envelope.Error.Message == "" {
		c.failf("%s: %d, expected %s:\n%s", name, apiError.Code, status, c.body)
	}
	for _, detail := range envelope.Error.Details {
		if err := protojson.Unmarshal(detail, &anypb.Any{}); err != nil {
			c.failf("%s: %v\n%s", name, err, detail)
		}
	}
	if !strings.Contains(string(c.body), reason) {
		c.failf("%s: no reason %s in\n%s", name, reason, c.body)
	}
}

// checkForms checks the forms that Google's JSON prescribes: bytes in base64, times by RFC 3339, and no field with a
// default value.
func (c *checker) checkForms(name string, body []byte) {
	var value any
	_ = json.Unmarshal(body, &value)
	walk("", value, func(field string, value any) {
		text, isText := value.(string)
		var err error
		switch {
		case value == false || value == "" || value == nil:
			err = errors.New("default values are omitted")
		case field == "etag" && isText && !strings.HasPrefix(text, `W/"`): // Only policies have etags of bytes.
			_, err = base64.StdEncoding.DecodeString(text)
		case field == "privateKeyData" || field == "publicKeyData":
			_, err = base64.StdEncoding.DecodeString(text)
		case strings.HasSuffix(field, "Time") && isText:
			_, err = time.Parse(time.RFC3339, text)
		}
		if err != nil {
			c.failf("%s: %s %v: %v", name, field, value, err)
		}
	})
}

func walk(field string, value any, visit func(string, any)) {
	switch value := value.(type) {
	case map[string]any:
		for name, inner := range value {
			walk(name, inner, visit)
		}
	case []any:
		for _, inner := range value {
			walk(field, inner, visit)
		}
	default:
		visit(field, value)
	}
}

// embedded decodes the message in an operation's metadata or response strictly.
func (c *checker) embedded(name string, raw googleapi.RawMessage, into any) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(raw, &fields); err != nil || fields["@type"] == nil {
		c.failf("%s: no @type in %s", name, raw)
		return
	}
	delete(fields, "@type")
	body, err := json.Marshal(fields)
	if err == nil {
		err = strict(body, into)
	}
	if err != nil {
		c.failf("%s: %v in %s", name, err, raw)
	}
}

func strict(body []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if _, err := decoder.Token(); err != io.EOF {
		return errors.New("text after the JSON")
	}
	return nil
}
