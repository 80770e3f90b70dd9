package main

import (
	"crypto/rand"
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// admin is the user that is always there and may do everything.
const admin = "admin"

// user is one line of the token file.
type user struct {
	name   string
	groups []string
}

// users is the flag --user.
type users []user

func (u *users) String() string { return "" }

func (u *users) Set(value string) error {
	name, groups, _ := strings.Cut(value, ":")
	if name == "" || name == admin || strings.ContainsAny(name, `/\`) {
		return fmt.Errorf("a user's name is also a file's name, and not %q", name)
	}
	one := user{name: name}
	if groups != "" {
		one.groups = strings.Split(groups, "+")
	}
	*u = append(*u, one)
	return nil
}

// tokens is the token file: every user with the token that authenticates it.
type tokens struct {
	path string
	of   map[string]string
}

// loadTokens brings the token file up to the wanted users. A user that was there keeps its token; one that is no
// longer asked for loses it.
func loadTokens(state string, wanted users) (*tokens, error) {
	t := &tokens{path: filepath.Join(state, "tokens.csv"), of: map[string]string{}}
	before, err := readTokens(t.path)
	if err != nil {
		return nil, err
	}
	var rows [][]string
	for _, one := range append(users{{admin, []string{"system:masters"}}}, wanted...) {
		token, found := before[one.name]
		if !found {
			token = rand.Text()
		}
		t.of[one.name] = token
		// Token, user, uid, groups.
		rows = append(rows, []string{token, one.name, one.name, strings.Join(one.groups, ",")})
	}
	var text strings.Builder
	writer := csv.NewWriter(&text)
	if err := writer.WriteAll(rows); err != nil {
		return nil, err
	}
	return t, os.WriteFile(t.path, []byte(text.String()), 0o600)
}

// readTokens is the tokens by user name in the file of an earlier run, or none.
func readTokens(path string) (map[string]string, error) {
	known := map[string]string{}
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return known, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	rows, err := csv.NewReader(file).ReadAll()
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		known[row[1]] = row[0]
	}
	return known, nil
}
